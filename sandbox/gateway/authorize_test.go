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
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// narrow lets a role make parameter groups of one name, and roles that carry one boundary.
const narrow = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["rds:CreateDBParameterGroup","rds:AddTagsToResource"],"Resource":"arn:aws:rds:eu-west-1:000000000000:pg:ours-*"},
	{"Effect":"Allow","Action":["cloudwatch:DeleteAlarms","cloudwatch:PutCompositeAlarm"],"Resource":"arn:aws:cloudwatch:eu-west-1:000000000000:alarm:ours-*"},
	{"Effect":"Allow","Action":"application-autoscaling:DescribeScalableTargets","Resource":"*"},
	{"Effect":"Allow","Action":["lambda:GetAlias","lambda:GetProvisionedConcurrencyConfig"],"Resource":"arn:aws:lambda:eu-west-1:000000000000:function:ours-*"},
	{"Effect":"Allow","Action":"iam:CreateRole","Resource":"arn:aws:iam::000000000000:role/ours-*",
	 "Condition":{"StringEquals":{"iam:PermissionsBoundary":"arn:aws:iam::aws:policy/ReadOnlyAccess"}}}]}`

const anyoneTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"sts:AssumeRole"}]}`

func TestANarrowGrantIsTakenAsIAMTakesIt(t *testing.T) {
	var calls bytes.Buffer
	s := newTestEnv(t, nil, func(c *Config) { c.Calls = &calls })
	admin := iam.NewFromConfig(s.config())
	role, err := admin.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("narrow"), AssumeRolePolicyDocument: aws.String(anyoneTrust)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := admin.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: aws.String("narrow"), PolicyName: aws.String("narrow"), PolicyDocument: aws.String(narrow),
	}); err != nil {
		t.Fatal(err)
	}
	taken, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("job")})
	if err != nil {
		t.Fatal(err)
	}
	c := s.configOf(*taken.Credentials.AccessKeyId, *taken.Credentials.SecretAccessKey, *taken.Credentials.SessionToken)
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
	silence := func(alarm string) error {
		_, err := cloudwatch.NewFromConfig(c).DeleteAlarms(t.Context(), &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{alarm}})
		return err
	}
	_, composing := cloudwatch.NewFromConfig(c).PutCompositeAlarm(t.Context(), &cloudwatch.PutCompositeAlarmInput{
		AlarmName: aws.String("ours-composite"), AlarmRule: aws.String("FALSE"),
	})
	_, warm := lambda.NewFromConfig(c).ListProvisionedConcurrencyConfigs(t.Context(),
		&lambda.ListProvisionedConcurrencyConfigsInput{FunctionName: aws.String("ours-fn")})
	_, listing := applicationautoscaling.NewFromConfig(c).DescribeScalableTargets(t.Context(),
		&applicationautoscaling.DescribeScalableTargetsInput{ServiceNamespace: "lambda"})
	_, scaling := applicationautoscaling.NewFromConfig(c).DeregisterScalableTarget(t.Context(), &applicationautoscaling.DeregisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:ours-fn:live"), ScalableDimension: "lambda:function:ProvisionedConcurrency",
	})
	boundary := aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")
	for name, c := range map[string]struct {
		err     error
		refused bool
	}{
		"a group of its own is made":               {group("ours-pg"), false},
		"a group of others is not":                 {group("theirs-pg"), true},
		"a role within the boundary is made":       {newRole("ours-in", boundary), false},
		"a role without it is not":                 {newRole("ours-out", nil), true},
		"a role of others within it is not either": {newRole("theirs-in", boundary), true},
		"an alias of its own is looked for":        {alias("ours-fn"), false},
		"an alias of others is not":                {alias("theirs-fn"), true},
		"an alarm of its own is deleted":           {silence("ours-alarm"), false},
		"an alarm of others is not":                {silence("theirs-alarm"), true},
		"a composite alarm takes a right to all":   {composing, true},
		"what is kept warm is not listed by one's": {warm, true},
		"what scales is listed":                    {listing, false},
		"what scales is not changed":               {scaling, true},
	} {
		t.Run(name, func(t *testing.T) {
			var problem smithy.APIError
			refused := errors.As(c.err, &problem) && strings.HasPrefix(problem.ErrorCode(), "AccessDenied")
			if refused != c.refused || c.err != nil && !refused {
				t.Errorf("answered %v, want a refusal: %v", c.err, c.refused)
			}
		})
	}
	want := `{"action":"rds:CreateDBParameterGroup","allowed":true,"principal":"` + *taken.AssumedRoleUser.Arn +
		`","resource":"arn:aws:rds:eu-west-1:000000000000:pg:ours-pg"}`
	if record := calls.String(); !strings.Contains(record, want+"\n") || strings.Contains(record, "theirs") {
		t.Errorf("recorded\n%swant what was let through, such as\n%s", record, want)
	}
}

func TestWhatACallNames(t *testing.T) {
	g := newTestEnv(t, nil).gateway
	const here = ":eu-west-1:000000000000:"
	for name, c := range map[string]struct {
		service, action, form, body string
		want                        []string
	}{
		"an alias and its key": {
			"kms", "CreateAlias", "", `{"AliasName":"alias/a","TargetKeyId":"arn:aws:kms:eu-west-1:000000000000:key/k"}`,
			[]string{"arn:aws:kms" + here + "alias/a", "arn:aws:kms" + here + "key/k"},
		},
		"a new function": {"lambda", "CreateFunction", "", `{"FunctionName":"f"}`, []string{"arn:aws:lambda" + here + "function:f"}},
		"a topic":        {"sns", "ListTagsForResource", "ResourceArn=arn:topic", "", []string{"arn:topic"}},
		"a cluster with its groups": {
			"rds", "CreateDBCluster", "DBClusterIdentifier=c&DBSubnetGroupName=s", "",
			[]string{"arn:aws:rds" + here + "cluster:c", "arn:aws:rds" + here + "subgrp:s"},
		},
		"a new network": {"ec2", "CreateVpc", "CidrBlock=10.0.0.0/16", "", []string{"arn:aws:ec2" + here + "vpc/*"}},
		"a rule by its group": {
			"ec2", "RevokeSecurityGroupEgress", "GroupId=sg-0123456789&SecurityGroupRuleId.1=sgr-0123456789", "",
			[]string{"arn:aws:ec2" + here + "security-group/sg-0123456789"},
		},
		"a web ACL":                  {"wafv2", "ListTagsForResource", "", `{"ResourceARN":"arn:acl"}`, []string{"arn:acl"}},
		"a web ACL whose log is set": {"wafv2", "PutLoggingConfiguration", "", `{"LoggingConfiguration":{"ResourceArn":"arn:acl","LogDestinationConfigs":["arn:group"]}}`, []string{"arn:acl"}},
	} {
		t.Run(name, func(t *testing.T) {
			form, err := url.ParseQuery(c.form)
			if err != nil {
				t.Fatal(err)
			}
			all, err := g.services[c.service].Resources(t.Context(), c.action, &call.Exchange{Account: g.account, Request: httptest.NewRequest(http.MethodPost, "/", nil), Form: form, Body: []byte(c.body)})
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

// tagged lets a role change what carries the tag of its stack, make what gets it, and hand one role on.
const tagged = `{"Version":"2012-10-17","Statement":[
	{"Effect":"Allow","Action":["apigateway:*","kms:*","application-autoscaling:*","logs:*","rds:*"],"Resource":"*",
	 "Condition":{"StringEquals":{"aws:ResourceTag/environment":"dev"}}},
	{"Effect":"Allow","Action":["apigateway:POST","application-autoscaling:RegisterScalableTarget","application-autoscaling:TagResource","kms:CreateKey"],"Resource":"*",
	 "Condition":{"StringEquals":{"aws:RequestTag/environment":"dev"},"Null":{"aws:ResourceTag/environment":"true"}}},
	{"Effect":"Allow","Action":"kms:CreateAlias","Resource":"arn:aws:kms:*:*:alias/*"},
	{"Effect":"Allow","Action":"lambda:CreateFunction","Resource":"*"},
	{"Effect":"Allow","Action":"iam:PassRole","Resource":"arn:aws:iam::*:role/ours-*",
	 "Condition":{"StringEquals":{"iam:PassedToService":"lambda.amazonaws.com"}}}]}`

// takeRole makes a role with one policy and takes it.
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
	taken, err := sts.NewFromConfig(s.config()).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: role.Role.Arn, RoleSessionName: aws.String("job")})
	if err != nil {
		t.Fatal(err)
	}
	return s.configOf(*taken.Credentials.AccessKeyId, *taken.Credentials.SecretAccessKey, *taken.Credentials.SessionToken)
}

func TestATagTellsStacksApart(t *testing.T) {
	s := newTestEnv(t, nil)
	own, foreign := role(t, s, "ours-function", lambdaTrust), role(t, s, "theirs-function", lambdaTrust)
	config := s.assumeRole(t, "tagged", tagged)
	for name, c := range map[string]struct {
		err     error
		refused bool
	}{
		"an API of its own is changed":            {changeAPI(t, s, config, "dev"), false},
		"an API of others is not":                 {changeAPI(t, s, config, "prod"), true},
		"its own key is given a name":             {nameKey(t, s, config, "dev"), false},
		"a key of others is not":                  {nameKey(t, s, config, "prod"), true},
		"a target of its own is made and changed": {scale(t, config, "dev"), false},
		"a log group of its own is deleted":       {dropGroup(t, s, config, "dev"), false},
		"a log group of others is not":            {dropGroup(t, s, config, "prod"), true},
		"a target of others is not made":          {scale(t, config, "prod"), true},
		"its own role is handed to a function":    {passRole(t, config, "passes-own", own), false},
		"a role of others is not":                 {passRole(t, config, "passes-foreign", foreign), true},
	} {
		t.Run(name, func(t *testing.T) {
			var problem smithy.APIError
			refused := errors.As(c.err, &problem) && strings.HasPrefix(problem.ErrorCode(), "AccessDenied")
			if refused != c.refused || c.err != nil && !refused {
				t.Errorf("answered %v, want a refusal: %v", c.err, c.refused)
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

// nameKey gives a key of a stack an alias.
func nameKey(t *testing.T, s *testEnv, config aws.Config, stack string) error {
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

// dropGroup deletes a log group of a stack.
func dropGroup(t *testing.T, s *testEnv, config aws.Config, stack string) error {
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

// scale makes a target with the stack's tag and takes it away again.
func scale(t *testing.T, config aws.Config, stack string) error {
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

// passRole makes a function that runs as the role.
func passRole(t *testing.T, config aws.Config, name, role string) error {
	t.Helper()
	_, err := lambda.NewFromConfig(config).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: &role, Handler: aws.String("api"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Code: &lambdatypes.FunctionCode{ZipFile: zipOf(t, name)},
	})
	return err
}
