package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

// What ends a name: eight characters where Pulumi makes it, 26 where the provider does from a prefix.
const (
	byPulumi   = "-1a2b3c4"
	byProvider = "20260102030405678900000001"
)

// physical is where a type has its physical name and what AWS allows for it. The name is the logical one,
// ended by Pulumi, where the property is not set.
type physical struct {
	property string
	end      string
	most     int
	pattern  string
}

const (
	identifier = `^[a-z](-?[a-z0-9])*$`
	wordDash   = `^[A-Za-z0-9_-]+$`
	anyText    = `.`
)

// physicalNames are the types with a name that AWS bounds, by the services' API references, such as
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html for an instance.
var physicalNames = map[string]physical{
	"aws:apigateway/domainName:DomainName":                {"domainName", "", 64, `^[a-z0-9.-]+$`},
	"aws:apigateway/stage:Stage":                          {"stageName", "", 128, wordDash},
	"aws:appautoscaling/policy:Policy":                    {"name", byPulumi, 256, anyText},
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":        {"alarmName", "", 255, anyText},
	"aws:cloudwatch/dashboard:Dashboard":                  {"dashboardName", "", 255, wordDash},
	"aws:cloudwatch/logGroup:LogGroup":                    {"name", byPulumi, 512, `^[.\-_/#A-Za-z0-9]+$`},
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":      {"name", byPulumi, 512, `^[^:*]+$`},
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":  {"policyName", "", 255, `^[^:*/]+$`},
	"aws:cloudwatch/metricAlarm:MetricAlarm":              {"name", byPulumi, 255, anyText},
	"aws:ec2/securityGroup:SecurityGroup":                 {"name", byPulumi, 255, `^[A-Za-z0-9 ._-]+$`},
	"aws:elasticache/parameterGroup:ParameterGroup":       {"name", byPulumi, 255, identifier},
	"aws:elasticache/replicationGroup:ReplicationGroup":   {"replicationGroupId", byPulumi, 40, identifier},
	"aws:elasticache/subnetGroup:SubnetGroup":             {"name", byPulumi, 255, identifier},
	"aws:elasticache/user:User":                           {"userId", "", 40, identifier},
	"aws:elasticache/userGroup:UserGroup":                 {"userGroupId", "", 40, identifier},
	"aws:iam/policy:Policy":                               {"name", byPulumi, 128, `^[\w+=,.@-]+$`},
	"aws:iam/role:Role":                                   {"name", byPulumi, 64, `^[\w+=,.@-]+$`},
	"aws:iam/rolePolicy:RolePolicy":                       {"name", byPulumi, 128, `^[\w+=,.@-]+$`},
	"aws:iam/user:User":                                   {"name", byPulumi, 64, `^[\w+=,.@-]+$`},
	"aws:iam/userPolicy:UserPolicy":                       {"name", byPulumi, 128, `^[\w+=,.@-]+$`},
	"aws:kms/alias:Alias":                                 {"name", "", 256, `^alias/[A-Za-z0-9:/_-]+$`},
	"aws:lambda/alias:Alias":                              {"name", "", 128, wordDash},
	"aws:lambda/function:Function":                        {"name", byPulumi, 64, wordDash},
	"aws:lambda/permission:Permission":                    {"statementId", byPulumi, 100, wordDash},
	"aws:rds/cluster:Cluster":                             {"clusterIdentifier", "", 63, identifier},
	"aws:rds/clusterInstance:ClusterInstance":             {"identifierPrefix", byProvider, 63, identifier},
	"aws:rds/clusterParameterGroup:ClusterParameterGroup": {"name", byPulumi, 255, identifier},
	"aws:rds/parameterGroup:ParameterGroup":               {"name", byPulumi, 255, identifier},
	"aws:rds/proxy:Proxy":                                 {"name", "", 63, identifier},
	"aws:rds/subnetGroup:SubnetGroup":                     {"name", byPulumi, 255, identifier},
	"aws:route53/zone:Zone":                               {"name", "", 255, `^[a-z0-9.-]+$`},
	"aws:s3/bucketV2:BucketV2":                            {"bucket", byPulumi, 63, `^[a-z0-9][a-z0-9-]*[a-z0-9]$`},
	"aws:secretsmanager/secret:Secret":                    {"name", byPulumi, 512, `^[A-Za-z0-9/_+=.@-]+$`},
	"aws:sns/topic:Topic":                                 {"name", byPulumi, 256, wordDash},
	"aws:wafv2/webAcl:WebAcl":                             {"name", byPulumi, 128, wordDash},
	"aws:acm/certificate:Certificate":                     {"domainName", "", 64, `^[a-z0-9.-]+$`},
	"aws:apigateway/apiKey:ApiKey":                        {"name", byPulumi, 1024, anyText},
	"aws:apigateway/restApi:RestApi":                      {"name", byPulumi, 1024, anyText},
	"aws:apigateway/usagePlan:UsagePlan":                  {"name", byPulumi, 1024, anyText},
}

// unnamed are the types to which AWS gives an id alone, or that are named by what they belong to.
var unnamed = []string{
	"pulumi:providers:aws", "aws:apigateway/account:Account", "aws:apigateway/basePathMapping:BasePathMapping",
	"aws:apigateway/deployment:Deployment", "aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/usagePlanKey:UsagePlanKey",
	"aws:appautoscaling/target:Target", "aws:acm/certificateValidation:CertificateValidation",
	"aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/flowLog:FlowLog", "aws:ec2/vpcEndpoint:VpcEndpoint",
	"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:kms/key:Key", "aws:lambda/invocation:Invocation",
	"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
	"aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", "aws:rds/proxyTarget:ProxyTarget", "aws:route53/record:Record",
	"aws:secretsmanager/secretRotation:SecretRotation", "aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription",
	"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
	"aws:wafv2/webAclAssociation:WebAclAssociation", "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
}

func TestTheLongestNamesAreAllowed(t *testing.T) {
	longest := 0
	stack := strings.Repeat("s", longestStack)
	for _, n := range []names{
		{strings.Repeat("p", longestNames-len("-")-longestStack), stack}, {strings.Repeat("p", longestNames-len("-s")), "s"}, {"a-b", stack},
	} {
		t.Run(n.project+" and "+n.stack, func(t *testing.T) {
			for _, res := range previewed(t, n).All() {
				if length := checkName(t, res); res.Type == "aws:rds/clusterInstance:ClusterInstance" {
					longest = max(longest, length)
				}
			}
		})
	}
	if most := physicalNames["aws:rds/clusterInstance:ClusterInstance"].most; longest != most {
		t.Errorf("the longest name of an instance has %d of %d characters: longestNames is not the longest that is allowed", longest, most)
	}
}

// previewed is a preview of prod with every part that is optional, under these names.
func previewed(t *testing.T, n names) *mocks.Recorder {
	t.Helper()
	if got := n.Problems(); got != nil {
		t.Fatalf("the names are refused: %v", got)
	}
	values := projectValues(t, n.project, "Pulumi.prod.yaml")
	for room, value := range map[string]string{
		"tags": `{"environment": "` + n.stack + `"}`,
		"data": `{"database": {"readers": 15}, "bucket": {"accessLogDays": 90}}`,
		"dns":  `{"domain": "` + strings.Repeat("d", 47) + `.org", "delegated": true}`,
		"iam":  `{"gitlabUrl": "https://gitlab.com", "projectPath": "a/b", "oidc": "off"}`,
	} {
		values[n.project+":"+room] = value
	}
	// The key's id ends the names that must be known before what they name.
	known := map[string]func(mocks.Resource) map[string]any{"aws:kms/key:Key": func(mocks.Resource) map[string]any {
		return map[string]any{"arn": "arn:aws:kms:eu-west-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"}
	}}
	for token, outputs := range mocks.KnownSecrets {
		known[token] = outputs
	}
	r, err := mocks.Mocks{Config: values, Project: n.project, Stack: n.stack, Preview: true, Outputs: known}.Try(program())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkName compares the physical name of a resource with what AWS allows, and returns its length.
func checkName(t *testing.T, res mocks.Resource) int {
	t.Helper()
	allowed, ok := physicalNames[res.Type]
	if !ok {
		if strings.HasPrefix(res.Type, "aws:") && !hasNoName(res.Type) {
			t.Errorf("%s has no row in physicalNames, nor is it unnamed", res.Type)
		}
		return 0
	}
	name, set := res.Inputs[allowed.property].(string)
	switch {
	case !set && allowed.end == "":
		t.Errorf("%s %s has no %s", res.Type, res.Name, allowed.property)
	case !set:
		name = res.Name + allowed.end
	case allowed.end == byProvider:
		name += byProvider
	}
	if len(name) > allowed.most || !regexp.MustCompile(allowed.pattern).MatchString(name) {
		t.Errorf("%s %q has %d characters, AWS allows %d that match %s", res.Type, name, len(name), allowed.most, allowed.pattern)
	}
	return len(name)
}

func hasNoName(token string) bool {
	return slices.Contains(unnamed, token) || strings.HasPrefix(token, "aws:s3/bucket")
}
