package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scalingtypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	elasticachetypes "github.com/aws/aws-sdk-go-v2/service/elasticache/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/aws/smithy-go"
)

// devTags are the tags that the calls set.
var devTags = map[string]string{"environment": "dev"}

// dependentCall is a call that requires another permission than its own action.
type dependentCall struct {
	permission, resource string
	call                 func(t *testing.T, s *testEnv, c aws.Config) error
}

// Each role lacks the permission and then has it for the resource only.
// https://docs.aws.amazon.com/service-authorization/latest/reference/, columns "Dependent actions" and
// "Condition keys" of the tagging actions.
func TestACallRequiresItsDependentPermissions(t *testing.T) {
	s := newTestEnv(t, nil)
	n := 0
	for name, c := range map[string]dependentCall{
		"a certificate with tags":      {"acm:AddTagsToCertificate", "certificate/*", newCertificate},
		"a scalable target with tags":  {"application-autoscaling:TagResource", "scalable-target/*", newTarget},
		"a target tracking policy":     {"cloudwatch:PutMetricAlarm", "alarm:TargetTracking-function:beyond:live-*", newScalingPolicy},
		"an alarm with tags":           {"cloudwatch:TagResource", "alarm:beyond", newAlarm},
		"a VPC with tags":              {"ec2:CreateTags", "vpc/*", newTaggedVPC},
		"a parameter group with tags":  {"rds:AddTagsToResource", "pg:beyond", newParameterGroup},
		"a cache's users with tags":    {"elasticache:AddTagsToResource", "user:beyond", newCacheUser},
		"a role with tags":             {"iam:TagRole", "role/beyond", newTaggedRole},
		"a key with tags":              {"kms:TagResource", "key/*", newKey},
		"a function with tags":         {"lambda:TagResource", "function:beyond", newFunction},
		"a secret with tags":           {"secretsmanager:TagResource", "secret:beyond", newSecret},
		"a cache's nodes":              {"elasticache:CreateReplicationGroup", "cluster:*", newCache},
		"a cache's nodes with tags":    {"elasticache:AddTagsToResource", "cluster:*", newCache},
		"a cache's network interfaces": {"ec2:CreateNetworkInterface", "network-interface/*", newCache},
		"a cluster's master secret":    {"secretsmanager:CreateSecret", "secret:rds!cluster-*", newCluster},
		"a secret under a key":         {"kms:GenerateDataKey", "key/", newEncryptedSecret},
		"a cache under a key":          {"kms:CreateGrant", "key/", newEncryptedCache},
	} {
		t.Run(name, func(t *testing.T) {
			n++
			service, _, _ := strings.Cut(c.permission, ":")
			resource := fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, testRegion, "000000000000", c.resource)
			if service == "iam" {
				resource = "arn:aws:iam::000000000000:" + c.resource
			}
			// Every role may create the replication group itself.
			without := fmt.Sprintf(`{"Effect":"Allow","NotAction":%q,"Resource":"*"},`+
				`{"Effect":"Allow","Action":"elasticache:*","Resource":"arn:aws:elasticache:*:*:replicationgroup:*"}`, c.permission)
			mustBeDenied(t, c.call(t, s, s.assumeRole(t, fmt.Sprintf("without-%d", n), document(without))), c.permission, resource)
			// The ARN of a resource without an ID ends with an asterisk, which is ${*} in a policy.
			named := strings.Replace(resource, "*", "${*}", 1)
			if named == resource {
				named += "*"
			}
			with := fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q}`, c.permission, named)
			if err := c.call(t, s, s.assumeRole(t, fmt.Sprintf("with-%d", n), document(without, with))); denied(err) != "" {
				t.Errorf("with the permission: %v", err)
			}
		})
	}
}

// document returns a policy with the statements.
func document(statements ...string) string {
	return `{"Version":"2012-10-17","Statement":[` + strings.Join(statements, ",") + `]}`
}

// denied returns the message of an AccessDenied error, or an empty string for other errors and none.
func denied(err error) string {
	var apiErr smithy.APIError
	if errors.As(err, &apiErr) && (strings.HasPrefix(apiErr.ErrorCode(), "AccessDenied") || apiErr.ErrorCode() == "UnauthorizedOperation") {
		return apiErr.ErrorMessage()
	}
	return ""
}

// mustBeDenied expects a denial for the lack of a permission on a resource.
func mustBeDenied(t *testing.T, err error, permission, resource string) {
	t.Helper()
	if want := "is not authorized to perform: " + permission + " on resource: " + resource; !strings.Contains(denied(err), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// The deploy role has these permissions (api/permissions.go).
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
// https://github.com/mattclay/aws-terminator/pull/284 has the ARN of a new API's tags.
func TestAPIGatewaysTagsAreAResourcePath(t *testing.T) {
	s := newTestEnv(t, nil)
	const (
		gateway = "arn:aws:apigateway:eu-west-1::"
		escaped = gateway + "/tags/arn%3Aaws%3Aapigateway%3Aeu-west-1%3A%3A%2F"
		hasTag  = `"Condition":{"StringEquals":{"aws:ResourceTag/environment":"dev"}}`
		setsTag = `"Condition":{"StringEquals":{"aws:RequestTag/environment":"dev"}}`
	)
	creating := `{"Effect":"Allow","Action":["apigateway:POST","apigateway:AddCertificateToDomain"],"Resource":"*"}`
	changing := `{"Effect":"Allow","Action":["apigateway:PATCH","apigateway:DELETE"],"Resource":"` + gateway + `/restapis/*",` + hasTag + `}`
	others := `{"Effect":"Allow","Action":["apigateway:PUT","apigateway:DELETE"],"Resource":"` + gateway + `/tags/*",` +
		`"Condition":{"ForAllValues:StringNotEqualsIgnoreCase":{"aws:TagKeys":"environment"}}}`
	created := `{"Effect":"Allow","Action":"apigateway:PUT","Resource":"` + gateway + `/tags/*",` + setsTag + `}`
	before := apigateway.NewFromConfig(s.assumeRole(t, "gateway-tags-before", document(creating, changing, others)))
	after := apigateway.NewFromConfig(s.assumeRole(t, "gateway-tags-after", document(creating, changing, others, created)))
	api := newAPI(t, s)
	for name, c := range map[string]struct {
		object string
		create func(client *apigateway.Client) error
	}{
		"an API": {"restapis%2F*", func(client *apigateway.Client) error {
			_, err := client.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("tags"), Tags: devTags})
			return err
		}},
		"a key": {"apikeys%2F*", func(client *apigateway.Client) error {
			_, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("tags"), Tags: devTags})
			return err
		}},
		"a usage plan": {"usageplans%2F*", func(client *apigateway.Client) error {
			_, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{Name: aws.String("tags"), Tags: devTags})
			return err
		}},
		"a domain name": {"domainnames%2Ftags.example.com", func(client *apigateway.Client) error {
			_, err := client.CreateDomainName(t.Context(), &apigateway.CreateDomainNameInput{
				DomainName: aws.String("tags.example.com"), Tags: devTags,
				RegionalCertificateArn: aws.String("arn:aws:acm:eu-west-1:000000000000:certificate/1"),
			})
			return err
		}},
		"a stage": {"restapis%2F" + api + "%2Fstages%2Flive", func(client *apigateway.Client) error {
			deployment, err := apigateway.NewFromConfig(s.config()).CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: &api})
			if err != nil {
				return err
			}
			_, err = client.CreateStage(t.Context(), &apigateway.CreateStageInput{
				RestApiId: &api, StageName: aws.String("live"), DeploymentId: deployment.Id, Tags: devTags,
			})
			return err
		}},
	} {
		t.Run(name+" with tags requires the permission to tag it", func(t *testing.T) {
			mustBeDenied(t, c.create(before), "apigateway:PUT", escaped+c.object)
			if err := c.create(after); err != nil {
				t.Errorf("with the permission: %v", err)
			}
		})
	}
	arnOf := func(stack string) string {
		created, err := apigateway.NewFromConfig(s.config()).CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{
			Name: &stack, Tags: map[string]string{"environment": stack},
		})
		if err != nil {
			t.Fatal(err)
		}
		return gateway + "/restapis/" + *created.Id
	}
	tag := func(arn, key, value string) error {
		_, err := after.TagResource(t.Context(), &apigateway.TagResourceInput{ResourceArn: &arn, Tags: map[string]string{key: value}})
		return err
	}
	untag := func(arn, key string) error {
		_, err := after.UntagResource(t.Context(), &apigateway.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{key}})
		return err
	}
	dev, prod := arnOf("dev"), arnOf("prod")
	for name, c := range map[string]struct {
		err    error
		denied bool
	}{
		"an API of the stack can get another tag":            {tag(dev, "owner", "me"), false},
		"an API of the stack can lose another tag":           {untag(dev, "owner"), false},
		"an API of the stack cannot lose the stack's tag":    {untag(dev, "environment"), true},
		"an API of the stack cannot get another stack's tag": {tag(dev, "environment", "prod"), true},
		"nor under a key in other case":                      {tag(dev, "Environment", "prod"), true},
		"another stack's API cannot get the stack's tag":     {tag(prod, "environment", "dev"), true},
		"another stack's API cannot get another tag":         {tag(prod, "owner", "me"), true},
		"another stack's API cannot lose another tag":        {untag(prod, "owner"), true},
		"another stack's API cannot lose its stack's tag":    {untag(prod, "environment"), true},
		"nothing can be created with another stack's tag": {func() error {
			_, err := after.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{
				Name: aws.String("theirs"), Tags: map[string]string{"environment": "prod"},
			})
			return err
		}(), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := denied(c.err) != ""; got != c.denied || c.err != nil && !got {
				t.Errorf("got %v, want access denied: %v", c.err, c.denied)
			}
		})
	}
}

// newAPI creates an API and returns its ID.
func newAPI(t *testing.T, s *testEnv) string {
	t.Helper()
	created, err := apigateway.NewFromConfig(s.config()).CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("stages"), Tags: devTags})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Id
}

func newCertificate(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := acm.NewFromConfig(c).RequestCertificate(t.Context(), &acm.RequestCertificateInput{
		DomainName: aws.String("beyond.example.com"), ValidationMethod: "DNS",
		Tags: []acmtypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
	})
	return err
}

const provisioned = "lambda:function:ProvisionedConcurrency"

func newTarget(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := applicationautoscaling.NewFromConfig(c).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:beyond:live"), ScalableDimension: provisioned, Tags: devTags,
	})
	return err
}

func newScalingPolicy(t *testing.T, s *testEnv, c aws.Config) error {
	t.Helper()
	_, err := applicationautoscaling.NewFromConfig(s.config()).RegisterScalableTarget(t.Context(), &applicationautoscaling.RegisterScalableTargetInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:beyond:live"), ScalableDimension: provisioned,
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = applicationautoscaling.NewFromConfig(c).PutScalingPolicy(t.Context(), &applicationautoscaling.PutScalingPolicyInput{
		ServiceNamespace: "lambda", ResourceId: aws.String("function:beyond:live"), ScalableDimension: provisioned,
		PolicyName: aws.String("beyond"), PolicyType: "TargetTrackingScaling",
		TargetTrackingScalingPolicyConfiguration: &scalingtypes.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(1)},
	})
	return err
}

func newAlarm(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := cloudwatch.NewFromConfig(c).PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("beyond"), MetricName: aws.String("Errors"), Namespace: aws.String("AWS/Lambda"), Statistic: "Sum",
		ComparisonOperator: "GreaterThanThreshold", Threshold: aws.Float64(1), EvaluationPeriods: aws.Int32(1), Period: aws.Int32(60),
		Tags: []cloudwatchtypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
	})
	return err
}

func newTaggedVPC(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := ec2.NewFromConfig(c).CreateVpc(t.Context(), &ec2.CreateVpcInput{
		CidrBlock: aws.String("10.77.0.0/16"), TagSpecifications: []ec2types.TagSpecification{{
			ResourceType: "vpc", Tags: []ec2types.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
		}},
	})
	return err
}

func newParameterGroup(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := rds.NewFromConfig(c).CreateDBParameterGroup(t.Context(), &rds.CreateDBParameterGroupInput{
		DBParameterGroupName: aws.String("beyond"), DBParameterGroupFamily: aws.String("aurora-postgresql16"), Description: aws.String("test"),
		Tags: []rdstypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
	})
	return err
}

func newCluster(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := rds.NewFromConfig(c).CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{
		DBClusterIdentifier: aws.String("beyond"), Engine: aws.String("aurora-postgresql"), MasterUsername: aws.String("master"),
		ManageMasterUserPassword: aws.Bool(true),
	})
	return err
}

func newCacheUser(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := elasticache.NewFromConfig(c).CreateUser(t.Context(), &elasticache.CreateUserInput{
		UserId: aws.String("beyond"), UserName: aws.String("beyond"), Engine: aws.String("redis"), AccessString: aws.String("on ~* +@all"),
		NoPasswordRequired: aws.Bool(true), Tags: cacheTags(),
	})
	return err
}

func cacheTags() []elasticachetypes.Tag {
	return []elasticachetypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}}
}

func newCache(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := elasticache.NewFromConfig(c).CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: aws.String("beyond"), ReplicationGroupDescription: aws.String("test"), Engine: aws.String("redis"),
		CacheNodeType: aws.String("cache.t4g.micro"), Tags: cacheTags(),
	})
	return err
}

func newEncryptedCache(t *testing.T, s *testEnv, c aws.Config) error {
	t.Helper()
	_, err := elasticache.NewFromConfig(c).CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: aws.String("encrypted"), ReplicationGroupDescription: aws.String("test"), Engine: aws.String("redis"),
		CacheNodeType: aws.String("cache.t4g.micro"), KmsKeyId: aws.String(keyARN(t, s)), AtRestEncryptionEnabled: aws.Bool(true),
	})
	return err
}

func newTaggedRole(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := iam.NewFromConfig(c).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("beyond"), AssumeRolePolicyDocument: aws.String(lambdaTrust),
		Tags: []iamtypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
	})
	return err
}

func newKey(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := kms.NewFromConfig(c).CreateKey(t.Context(), &kms.CreateKeyInput{
		Tags: []kmstypes.Tag{{TagKey: aws.String("environment"), TagValue: aws.String("dev")}},
	})
	return err
}

// keyARN creates a key and returns its ARN.
func keyARN(t *testing.T, s *testEnv) string {
	t.Helper()
	created, err := kms.NewFromConfig(s.config()).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return *created.KeyMetadata.Arn
}

func newFunction(t *testing.T, s *testEnv, c aws.Config) error {
	t.Helper()
	executionRole := "arn:aws:iam::000000000000:role/beyond-function"
	if _, err := iam.NewFromConfig(s.config()).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("beyond-function")}); err != nil {
		executionRole = role(t, s, "beyond-function", lambdaTrust)
	}
	_, err := lambda.NewFromConfig(c).CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("beyond"), Role: &executionRole, Handler: aws.String("api"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Code: &lambdatypes.FunctionCode{ZipFile: zipOf(t, "beyond")}, Tags: devTags,
	})
	return err
}

func newSecret(t *testing.T, _ *testEnv, c aws.Config) error {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(c).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("beyond"), Tags: []secretstypes.Tag{{Key: aws.String("environment"), Value: aws.String("dev")}},
	})
	return err
}

func newEncryptedSecret(t *testing.T, s *testEnv, c aws.Config) error {
	t.Helper()
	_, err := secretsmanager.NewFromConfig(c).CreateSecret(t.Context(), &secretsmanager.CreateSecretInput{
		Name: aws.String("encrypted"), KmsKeyId: aws.String(keyARN(t, s)),
	})
	return err
}
