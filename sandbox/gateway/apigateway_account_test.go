package gateway

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	apigatewaygw "github.com/didomi/serverless-api/sandbox/gateway/apigateway"
)

const (
	gatewayTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"apigateway.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	logsPolicy   = "arn:aws:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
)

// logRole creates a role with a trust policy, a policy and a boundary, and returns its ARN.
func logRole(t *testing.T, s *testEnv, name, trust, policy, boundary string) string {
	t.Helper()
	client := iam.NewFromConfig(s.config())
	role := &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust}
	if boundary != "" {
		role.PermissionsBoundary = &boundary
	}
	created, err := client.CreateRole(t.Context(), role)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &policy}); err != nil {
		t.Fatal(err)
	}
	return *created.Role.Arn
}

func setLogRole(ctx context.Context, client *apigateway.Client, role string) error {
	_, err := client.UpdateAccount(ctx, &apigateway.UpdateAccountInput{PatchOperations: []types.PatchOperation{replace("/cloudwatchRoleArn", role)}})
	return err
}

// The provider retries on this error, because a new role's policies take time to propagate:
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/apigateway/account.go
func TestTheAccountsLogRoleMustAllowAPIGatewayToWriteLogs(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	const lambdaOnly = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	for name, role := range map[string]string{
		"that does not exist":                     "arn:aws:iam::000000000000:role/none",
		"that trusts another service":             logRole(t, s, "log-role-lambdas", strings.ReplaceAll(gatewayTrust, "apigateway", "lambda"), logsPolicy, ""),
		"that has only some of the permissions":   logRole(t, s, "log-role-some", gatewayTrust, lambdaOnly, ""),
		"whose boundary allows only some of them": logRole(t, s, "log-role-bounded", gatewayTrust, logsPolicy, lambdaOnly),
	} {
		t.Run("a role "+name+" is rejected", func(t *testing.T) {
			if err := setLogRole(t.Context(), client, role); err == nil || !strings.Contains(err.Error(), apigatewaygw.UnusableLogRole) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a role with AWS's managed policy is accepted", func(t *testing.T) {
		role := logRole(t, s, "log-role", gatewayTrust, logsPolicy, logsPolicy)
		if err := setLogRole(t.Context(), client, role); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetAccount(t.Context(), &apigateway.GetAccountInput{})
		if err != nil || aws.ToString(got.CloudwatchRoleArn) != role {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// https://github.com/aws-solutions/virtual-waiting-room-on-aws/issues/74
func TestAStageCanLogOnlyIfTheAccountHasALogRole(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	update := func(operations ...types.PatchOperation) error {
		_, err := client.UpdateStage(t.Context(), &apigateway.UpdateStageInput{RestApiId: id, StageName: aws.String("dev"), PatchOperations: operations})
		return err
	}
	logging := map[string][]types.PatchOperation{
		"accesses": {
			replace("/accessLogSettings/destinationArn", "arn:aws:logs:eu-west-1:000000000000:log-group:api"),
			replace("/accessLogSettings/format", "$context.requestId"),
		},
		"executions of all methods": {replace("/*/*/logging/loglevel", "ERROR")},
		"executions of one method":  {replace("/~1items~1{id}/PUT/logging/loglevel", "INFO")},
	}
	for name, operations := range logging {
		t.Run("a stage cannot log "+name+" without a role", func(t *testing.T) {
			if err := update(operations...); err == nil || !strings.Contains(err.Error(), apigatewaygw.NoLogRole) {
				t.Errorf("got %v", err)
			}
		})
	}
	t.Run("a stage that does not log needs no role", func(t *testing.T) {
		if err := update(replace("/*/*/logging/loglevel", "OFF"), replace("/*/*/metrics/enabled", "true")); err != nil {
			t.Error(err)
		}
	})
	if err := setLogRole(t.Context(), client, logRole(t, s, "log-role-stages", gatewayTrust, logsPolicy, "")); err != nil {
		t.Fatal(err)
	}
	for name, operations := range logging {
		t.Run("a stage can log "+name+" with a role", func(t *testing.T) {
			if err := update(operations...); err != nil {
				t.Error(err)
			}
		})
	}
}

// Without iam:PassRole a deployment could read what the role can read, with an integration such as
// logs:action/FilterLogEvents.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func TestAnIntegrationsRoleRequiresPassRole(t *testing.T) {
	s := newTestEnv(t, nil)
	admin := apigateway.NewFromConfig(s.config())
	const role = "arn:aws:iam::000000000000:role/reads-logs"
	everything := `{"Effect":"Allow","NotAction":"iam:PassRole","Resource":"*"}`
	passing := `{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + role + `","Condition":{"StringEquals":{"iam:PassedToService":"apigateway.amazonaws.com"}}}`
	without, with := s.assumeRole(t, "without-pass-role", document(everything)), s.assumeRole(t, "with-pass-role", document(everything, passing))
	for name, request := range map[string]func(t *testing.T, c *apigateway.Client, api string) error{
		"in an integration": func(t *testing.T, c *apigateway.Client, api string) error {
			return putIntegration(t, admin, c, api, role)
		},
		"in an imported document": func(t *testing.T, c *apigateway.Client, api string) error {
			return putDocument(t, c, api, `{"openapi":"3.0.1","info":{"title":"t","version":"1"},"paths":{"/x":{"get":{"x-amazon-apigateway-integration":{"type":"aws","credentials":"`+role+`"}}}}}`)
		},
		"in an imported document in YAML": func(t *testing.T, c *apigateway.Client, api string) error {
			return putDocument(t, c, api, "openapi: 3.0.1\ninfo: {title: t, version: '1'}\nx-role: &role "+role+"\npaths: {/x: {get: {x-amazon-apigateway-integration: {type: aws, credentials: *role}}}}\n")
		},
		"in an authorizer": func(t *testing.T, c *apigateway.Client, api string) error {
			return putDocument(t, c, api, `{"openapi":"3.0.1","info":{"title":"t","version":"1"},"paths":{},"components":{"securitySchemes":{"a":{"x-amazon-apigateway-authorizer":{"authorizerCredentials":"`+role+`"}}}}}`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			api := newAPI(t, s)
			mustBeDenied(t, request(t, apigateway.NewFromConfig(without), api), "iam:PassRole", role)
			if err := request(t, apigateway.NewFromConfig(with), api); denied(err) != "" {
				t.Errorf("with the permission: %v", err)
			}
		})
	}
}

// putIntegration creates a method whose integration calls CloudWatch Logs with a role.
func putIntegration(t *testing.T, admin, c *apigateway.Client, api, role string) error {
	t.Helper()
	resources, err := admin.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: &api})
	if err != nil {
		t.Fatal(err)
	}
	root := resources.Items[0].Id
	_, err = admin.PutMethod(t.Context(), &apigateway.PutMethodInput{RestApiId: &api, ResourceId: root, HttpMethod: aws.String("GET"), AuthorizationType: aws.String("NONE")})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.PutIntegration(t.Context(), &apigateway.PutIntegrationInput{
		RestApiId: &api, ResourceId: root, HttpMethod: aws.String("GET"), Type: types.IntegrationTypeAws, IntegrationHttpMethod: aws.String("POST"),
		Uri: aws.String("arn:aws:apigateway:eu-west-1:logs:action/FilterLogEvents"), Credentials: &role,
	})
	return err
}

func putDocument(t *testing.T, c *apigateway.Client, api, document string) error {
	t.Helper()
	_, err := c.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: &api, Mode: types.PutModeOverwrite, Body: []byte(document)})
	return err
}
