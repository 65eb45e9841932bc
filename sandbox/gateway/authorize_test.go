package gateway

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// narrow allows a role to create parameter groups of one name prefix, and roles with one boundary.
const narrow = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["rds:CreateDBParameterGroup","rds:AddTagsToResource"],"Resource":"arn:aws:rds:eu-west-1:000000000000:pg:ours-*"},
	{"Effect":"Allow","Action":["cloudwatch:DeleteAlarms","cloudwatch:PutCompositeAlarm"],"Resource":"arn:aws:cloudwatch:eu-west-1:000000000000:alarm:ours-*"},
	{"Effect":"Allow","Action":"application-autoscaling:DescribeScalableTargets","Resource":"*"},
	{"Effect":"Allow","Action":["lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig"],"Resource":"arn:aws:lambda:eu-west-1:000000000000:function:ours-*"},
	{"Effect":"Allow","Action":"iam:CreateRole","Resource":"arn:aws:iam::000000000000:role/ours-*",
	 "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]}`

const anyoneTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`

func TestAPolicyForNamedResourcesIsEvaluatedAsInIAM(t *testing.T) {
	var calls bytes.Buffer
	s := newTestEnv(t, nil, func(c *Config) { c.Calls = &calls })
	c := s.assumeRole(t, "narrow", narrow)
	group := func(name string) error {
		_, err := rds.NewFromConfig(c).CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{
			DBParameterGroupName: aws.String(name), DBParameterGroupFamily: aws.String("aurora-postgresql16"), Description: aws.String("test"),
			Tags: []types.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
		})
		return err
	}
	newRole := func(name string, boundary *string) error {
		_, err := iam.NewFromConfig(c).CreateRole(t.Context(), &iam.CreateRoleInput{
			RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(lambdaTrust), PermissionsBoundary: boundary,
		})
		return err
	}
	alias := func(function string) error {
		_, err := lambda.NewFromConfig(c).GetAlias(t.Context(), &lambda.GetAliasInput{FunctionName: aws.String(function), Name: aws.String("live")})
		if missing := new(lambdatypes.ResourceNotFoundException); errors.As(err, &missing) {
			return nil
		}
		return err
	}
	deleteAlarm := func(alarm string) error {
		_, err := cloudwatch.NewFromConfig(c).DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{alarm}})
		return err
	}
	_, compositeErr := cloudwatch.NewFromConfig(c).PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("ours-composite"), AlarmRule: aws.String("FALSE"),
	})
	_, provisionedErr := lambda.NewFromConfig(c).ListProvisionedConcurrencyConfigs(t.Context(),
		&lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("ours-fn")})
	_, listErr := applicationautoscaling.NewFromConfig(c).DescribeScalableTargets(t.Context(),
		&applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: "lambda"})
	_, deregisterErr := applicationautoscaling.NewFromConfig(c).DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:ours-fn:live"), ScalableDimension: "lambda:function:ProvisionedConcurrency",
	})
	boundary := aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")
	for name, c := range map[string]struct {
		err    error
		denied bool
	}{
		"a group of the allowed name":                                {group("ours-pg"), false},
		"a group of another name":                                    {group("theirs-pg"), true},
		"a role with the boundary":                                   {newRole("ours-in", boundary), false},
		"a role without a boundary":                                  {newRole("ours-out", nil), true},
		"a role of another name with the boundary":                   {newRole("theirs-in", boundary), true},
		"an alias of an allowed function":                            {alias("ours-fn"), false},
		"an alias of another function":                               {alias("theirs-fn"), true},
		"the deletion of an allowed alarm":                           {deleteAlarm("ours-alarm"), false},
		"the deletion of another alarm":                              {deleteAlarm("theirs-alarm"), true},
		"a composite alarm, which requires the permission on *":      {compositeErr, true},
		"the list of provisioned concurrency without its permission": {provisionedErr, true},
		"the list of scalable targets":                               {listErr, false},
		"the deregistration of a scalable target":                    {deregisterErr, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := denied(c.err) != ""; got != c.denied || c.err != nil && !got {
				t.Errorf("got %v, want access denied: %v", c.err, c.denied)
			}
		})
	}
	want := `{"action":"rds:CreateDBParameterGroup","allowed":true,"principal":"arn:aws:sts::000000000000:assumed-role/narrow/job"` +
		`,"resource":"arn:aws:rds:eu-west-1:000000000000:pg:ours-pg"}`
	if record := calls.String(); !strings.Contains(record, want+"\n") || strings.Contains(record, "theirs") {
		t.Errorf("the log of decisions is\n%swant the allowed calls, such as\n%s", record, want)
	}
}

func TestTheResourcesOfACall(t *testing.T) {
	g := newTestEnv(t, nil).gateway
	const account = ":eu-west-1:000000000000:"
	for name, c := range map[string]struct {
		service, action, form, body string
		want                        []string
	}{
		"an alias and its key": {
			"kms", "CreateAlias", "", `{"AliasName":"alias/a","TargetKeyId":"arn:aws:kms:eu-west-1:000000000000:key/k"}`,
			[]string{"arn:aws:kms" + account + "alias/a", "arn:aws:kms" + account + "key/k"},
		},
		"a new function": {"lambda", "CreateFunction", "", `{"FunctionName":"f"}`, []string{"arn:aws:lambda" + account + "function:f"}},
		"a topic":        {"sns", "ListTagsForResource", "ResourceArn=arn:topic", "", []string{"arn:topic"}},
		"a cluster with its groups": {
			"rds", "CreateDBCluster", "DBClusterIdentifier=c&DBSubnetGroupName=s", "",
			[]string{"arn:aws:rds" + account + "cluster:c", "arn:aws:rds" + account + "subgrp:s"},
		},
		"a new network": {"ec2", "CreateVpc", "CidrBlock=10.0.0.0/16", "", []string{"arn:aws:ec2" + account + "vpc/*"}},
		"a rule, as its group": {
			"ec2", "RevokeSecurityGroupEgress", "GroupId=sg-0123456789&SecurityGroupRuleId.1=sgr-0123456789", "",
			[]string{"arn:aws:ec2" + account + "security-group/sg-0123456789"},
		},
		"a web ACL":                      {"wafv2", "ListTagsForResource", "", `{"ResourceARN":"arn:acl"}`, []string{"arn:acl"}},
		"a web ACL whose logging is set": {"wafv2", "PutLoggingConfiguration", "", `{"LoggingConfiguration":{"ResourceArn":"arn:acl","LogDestinationConfigs":["arn:group"]}}`, []string{"arn:acl"}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			all, err := g.services[c.service].Resources(t.Context(), c.action, &call.Exchange{Account: g.account, Request: httptest.NewRequest(http.MethodPost, "/", nil), Form: form, Body: []byte(c.body), BodyRead: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, n := range all {
				got = append(got, n.ARN)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

// tagged allows a role to change resources with the tag of its stack, to create resources with that tag, and to pass
// one role.
const tagged = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["apigateway:*","kms:*","application-autoscaling:*","logs:*","rds:*"],"Resource":"*",
	 "Condition":{"StringEquals":{"aws:ResourceTag/environment":"dev"}}},
	{"Effect":"Allow","Action":["apigateway:POST","application-autoscaling:RegisterScalableTarget","application-autoscaling:TagResource","kms:CreateKey"],"Resource":"*",
	 "Condition":{"StringEquals":{"aws:RequestTag/environment":"dev"},"Null":{"aws:ResourceTag/environment":"true"}}},
	{"Effect":"Allow","Action":"kms:CreateAlias","Resource":"arn:aws:kms:*:*:alias/*"},
	{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*"},
	{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/ours-*",
	 "Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}`

// assumeRole creates a role with a policy and returns the configuration of a session of it.
func (s *testEnv) assumeRole(t *testing.T, name, policy string) aws.Config {
	t.Helper()
	admin := iam.NewFromConfig(s.config())
	role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(anyoneTrust)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: &policy}); err != nil {
		t.Fatal(err)
	}
	assumed, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("job")})
	if err != nil {
		t.Fatal(err)
	}
	return s.configOf(*assumed.Credentials.AccessKeyId, *assumed.Credentials.SecretAccessKey, *assumed.Credentials.SessionToken)
}

func TestAPolicyCanLimitARoleToTheTagOfItsStack(t *testing.T) {
	s := newTestEnv(t, nil)
	ours, theirs := role(t, s, "ours-function", lambdaTrust), role(t, s, "theirs-function", lambdaTrust)
	config := s.assumeRole(t, "tagged", tagged)
	for name, c := range map[string]struct {
		err    error
		denied bool
	}{
		"a change of an API of the stack":            {changeAPI(t, s, config, "dev"), false},
		"a change of another stack's API":            {changeAPI(t, s, config, "prod"), true},
		"an alias for a key of the stack":            {createAlias(t, s, config, "dev"), false},
		"an alias for another stack's key":           {createAlias(t, s, config, "prod"), true},
		"a scalable target with the stack's tag":     {scalableTarget(t, config, "dev"), false},
		"the deletion of a log group of the stack":   {deleteLogGroup(t, s, config, "dev"), false},
		"the deletion of another stack's log group":  {deleteLogGroup(t, s, config, "prod"), true},
		"a scalable target with another stack's tag": {scalableTarget(t, config, "prod"), true},
		"a function with the allowed role":           {passRole(t, config, "passes-ours", ours), false},
		"a function with another role":               {passRole(t, config, "passes-theirs", theirs), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := denied(c.err) != ""; got != c.denied || c.err != nil && !got {
				t.Errorf("got %v, want access denied: %v", c.err, c.denied)
			}
		})
	}
}

// changeAPI changes an API of a stack.
func changeAPI(t *testing.T, s *testEnv, config aws.Config, stack string) error {
	t.Helper()
	created, err := apigateway.NewFromConfig(s.config()).CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{
		Name: &stack, Tags: map[string]string{"environment": stack},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = apigateway.NewFromConfig(config).CreateResource(t.Context(), &apigateway.CreateResourceInput{
		RestApiId: created.Id, ParentId: created.RootResourceId, PathPart: aws.String("items"),
	})
	return err
}

// createAlias creates an alias for a key of a stack.
func createAlias(t *testing.T, s *testEnv, config aws.Config, stack string) error {
	t.Helper()
	created, err := kms.NewFromConfig(s.config()).CreateKey(t.Context(), &kms.CreateKeyInput{
		Tags: []kmstypes.Tag{{TagKey: aws.String("environment"), TagValue: &stack}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = kms.NewFromConfig(config).CreateAlias(t.Context(), &kms.CreateAliasInput{
		AliasName: aws.String("alias/tagged-" + stack), TargetKeyId: created.KeyMetadata.KeyId,
	})
	return err
}

// deleteLogGroup deletes a log group of a stack.
func deleteLogGroup(t *testing.T, s *testEnv, config aws.Config, stack string) error {
	t.Helper()
	group := aws.String("API-Gateway-Execution-Logs_" + stack + "/live")
	if _, err := cloudwatchlogs.NewFromConfig(s.config()).CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: group, Tags: map[string]string{"environment": stack},
	}); err != nil {
		t.Fatal(err)
	}
	_, err := cloudwatchlogs.NewFromConfig(config).DeleteLogGroup(t.Context(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: group})
	return err
}

// scalableTarget registers and deregisters a target with a stack's tag.
func scalableTarget(t *testing.T, config aws.Config, stack string) error {
	t.Helper()
	client, id := applicationautoscaling.NewFromConfig(config), aws.String("function:tagged-"+stack+":live")
	const dimension = "lambda:function:ProvisionedConcurrency"
	if _, err := client.RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: id, ScalableDimension: dimension, Tags: map[string]string{"environment": stack},
	}); err != nil {
		return err
	}
	_, err := client.DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: id, ScalableDimension: dimension,
	})
	return err
}

// passRole creates a function with the role.
func passRole(t *testing.T, config aws.Config, name, role string) error {
	t.Helper()
	_, err := lambda.NewFromConfig(config).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Handler: aws.String("api"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Code: &lambdatypes.FunctionCode{ZipFile: zipOf(t, name)},
	})
	return err
}
