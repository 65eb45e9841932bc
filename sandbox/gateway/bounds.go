package gateway

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/aws/smithy-go/encoding/cbor"
)

// bound is what AWS allows in one parameter of a call.
type bound struct {
	parameter string
	most      int            // characters
	pattern   *regexp.Regexp // nil: any text
}

// boundedCall is a call whose parameters have bounds, and the code of its refusal.
type boundedCall struct {
	code   string
	bounds []bound
}

// The patterns of names.
var (
	// identifier begins with a letter, and has no hyphen at its end and no two in a row.
	identifier = regexp.MustCompile(`^[A-Za-z](-?[A-Za-z0-9])*$`)
	wordDash   = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	iamName    = regexp.MustCompile(`^[\w+=,.@-]+$`)
	groupName  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._ -]*$`)
	logName    = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)
	secretName = regexp.MustCompile(`^[A-Za-z0-9/_+=.@-]+$`)
	aliasName  = regexp.MustCompile(`^alias/[A-Za-z0-9:/_-]+$`)
	userID     = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
	bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
	// securityGroup begins with anything but sg-.
	securityGroup = regexp.MustCompile(`^([^s]|s[^g]|sg[^-]|sg?$)[A-Za-z0-9 ._:/()#,@\[\]+=&;{}!$*-]*$`)
)

// boundedCalls are the calls that give something its physical name. Lengths and patterns are those of the
// services' API references; ElastiCache's of users and their groups is in none of them, but is what its
// API refuses (https://github.com/aws/aws-cdk/pull/36459).
var boundedCalls = map[string]boundedCall{
	"rds:CreateDBCluster":               {"InvalidParameterValue", []bound{{"DBClusterIdentifier", 63, identifier}}},
	"rds:CreateDBClusterParameterGroup": {"InvalidParameterValue", []bound{{"DBClusterParameterGroupName", 255, identifier}}},
	"rds:CreateDBInstance":              {"InvalidParameterValue", []bound{{"DBInstanceIdentifier", 63, identifier}}},
	"rds:CreateDBParameterGroup":        {"InvalidParameterValue", []bound{{"DBParameterGroupName", 255, identifier}}},
	"rds:CreateDBProxy":                 {"InvalidParameterValue", []bound{{"DBProxyName", 63, identifier}}},
	"rds:CreateDBSubnetGroup":           {"InvalidParameterValue", []bound{{"DBSubnetGroupName", 255, groupName}}},
	"rds:DeleteDBCluster":               {"InvalidParameterValue", []bound{{"FinalDBSnapshotIdentifier", 255, identifier}}},

	"elasticache:CreateCacheParameterGroup": {"InvalidParameterValue", []bound{{"CacheParameterGroupName", 255, identifier}}},
	"elasticache:CreateCacheSubnetGroup":    {"InvalidParameterValue", []bound{{"CacheSubnetGroupName", 255, userID}}},
	"elasticache:CreateReplicationGroup":    {"InvalidParameterValue", []bound{{"ReplicationGroupId", 40, identifier}}},
	"elasticache:CreateUser":                {"InvalidParameterValue", []bound{{"UserId", 40, userID}}},
	"elasticache:CreateUserGroup":           {"InvalidParameterValue", []bound{{"UserGroupId", 40, identifier}}},

	// A name that begins with sg- is refused too, as an id would be.
	"ec2:CreateSecurityGroup": {"InvalidParameterValue", []bound{{"GroupName", 255, securityGroup}}},

	"iam:CreatePolicy":  {"ValidationError", []bound{{"PolicyName", 128, iamName}}},
	"iam:CreateRole":    {"ValidationError", []bound{{"RoleName", 64, iamName}}},
	"iam:CreateUser":    {"ValidationError", []bound{{"UserName", 64, iamName}}},
	"iam:PutRolePolicy": {"ValidationError", []bound{{"PolicyName", 128, iamName}}},
	"iam:PutUserPolicy": {"ValidationError", []bound{{"PolicyName", 128, iamName}}},
	"sns:CreateTopic":   {"InvalidParameter", []bound{{"Name", 256, wordDash}}},

	"lambda:CreateFunction": {"ValidationException", []bound{{"FunctionName", 64, wordDash}}},
	"lambda:CreateAlias":    {"ValidationException", []bound{{"Name", 128, wordDash}}},
	"lambda:AddPermission":  {"ValidationException", []bound{{"StatementId", 100, wordDash}}},
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	"s3:CreateBucket":        {"InvalidBucketName", []bound{{"Bucket", 63, bucketName}}},
	"apigateway:CreateStage": {"BadRequestException", []bound{{"stageName", 128, wordDash}}},

	"logs:CreateLogGroup":                      {"InvalidParameterException", []bound{{"logGroupName", 512, logName}}},
	"logs:PutMetricFilter":                     {"InvalidParameterException", []bound{{"filterName", 512, regexp.MustCompile(`^[^:*]+$`)}}},
	"wafv2:CreateWebACL":                       {"WAFInvalidParameterException", []bound{{"Name", 128, wordDash}}},
	"kms:CreateAlias":                          {"ValidationException", []bound{{"AliasName", 256, aliasName}}},
	"secretsmanager:CreateSecret":              {"InvalidParameterException", []bound{{"Name", 512, secretName}}},
	"application-autoscaling:PutScalingPolicy": {"ValidationException", []bound{{"PolicyName", 256, nil}}},
	"acm:RequestCertificate":                   {"ValidationException", []bound{{"DomainName", 64, nil}}},

	"monitoring:PutMetricAlarm":    {"ValidationError", []bound{{"AlarmName", 255, nil}, {"AlarmDescription", 1024, nil}}},
	"monitoring:PutCompositeAlarm": {"ValidationError", []bound{{"AlarmName", 255, nil}, {"AlarmRule", 10240, nil}}},
	"monitoring:PutDashboard":      {"InvalidParameterInput", []bound{{"DashboardName", 255, wordDash}}},
}

// broken says which bound a call's parameters break; empty: none.
func (c boundedCall) broken(get func(parameter string) string) string {
	for _, b := range c.bounds {
		value := get(b.parameter)
		switch length := utf8.RuneCountInString(value); {
		case value == "": // named by the service, or refused by it
		case length > b.most:
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must have length less than or equal to %d, and has %d", value, b.parameter, b.most, length)
		case b.pattern != nil && !b.pattern.MatchString(value):
			return fmt.Sprintf("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", value, b.parameter, b.pattern)
		}
	}
	return ""
}

// targets are what precedes an action in X-Amz-Target, by service.
var targets = map[string]string{
	"acm": "CertificateManager.", "application-autoscaling": "AnyScaleFrontendService.", "kms": "TrentService.",
	"logs": logsTarget, "secretsmanager": "secretsmanager.", "wafv2": "AWSWAF_20190729.",
}

// hold has the gateway refuse what is out of bounds in calls of the Query and the JSON protocols; the
// tables of REST calls name theirs themselves.
func (g *Gateway) hold() {
	for name := range boundedCalls {
		service, action, _ := strings.Cut(name, ":")
		if calls, ok := g.query[service]; ok {
			calls[action] = bounded(name, firstOf(calls[action], calls["*"]))
			continue
		}
		prefix, ok := targets[service]
		if !ok {
			continue
		}
		if g.target[service] == nil {
			g.target[service] = map[string]handler{}
		}
		g.target[service][prefix+action] = bounded(name, firstOf(g.target[service][prefix+action]))
	}
}

// firstOf is the first handler that there is; forward where there is none.
func firstOf(calls ...handler) handler {
	for _, call := range calls {
		if call != nil {
			return call
		}
	}
	return (*exchange).forward
}

// bounded refuses a call whose parameters are out of bounds, before the emulator sees it.
func bounded(name string, call handler) handler {
	limits := boundedCalls[name]
	return reading(func(x *exchange) error {
		get, err := x.parameters()
		if err != nil {
			return err
		}
		if message := limits.broken(get); message != "" {
			return x.refuse(http.StatusBadRequest, limits.code, message)
		}
		return call(x)
	})
}

// parameters are the texts that a call's body names, in any of the protocols.
func (x *exchange) parameters() (func(string) string, error) {
	if x.form != nil {
		return x.form.Get, nil
	}
	if isCBOR(x.r.Header) {
		body, err := decodeMap(x.body)
		return func(name string) string {
			value, _ := body[name].(cbor.String)
			return string(value)
		}, err
	}
	var body map[string]any
	if err := decodeCall(x.body, &body); err != nil {
		return nil, fmt.Errorf("decode the request: %w", err)
	}
	return func(name string) string { return text(body, name) }, nil
}
