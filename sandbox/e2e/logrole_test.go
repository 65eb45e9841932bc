package e2e

import (
	"context"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// accountLogRole returns the ARN of API Gateway's role for the logs of all APIs.
func accountLogRole(t *testing.T, out outputs) string {
	t.Helper()
	account, err := apigateway.NewFromConfig(awsConfig(out)).GetAccount(context.Background(), &apigateway.GetAccountInput{})
	if err != nil {
		t.Fatal(err)
	}
	return aws.ToString(account.CloudwatchRoleArn)
}

func trustOf(t *testing.T, out outputs, role string) string {
	t.Helper()
	found, err := iam.NewFromConfig(awsConfig(out)).GetRole(context.Background(), &iam.GetRoleInput{RoleName: &role})
	if err != nil {
		t.Fatal(err)
	}
	document, err := url.QueryUnescape(*found.Role.AssumeRolePolicyDocument)
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// newLogRole creates a role as stacks did before bootstrap existed, and returns its name.
func newLogRole(t *testing.T, out outputs) string {
	t.Helper()
	ctx, admin, name := context.Background(), iam.NewFromConfig(awsConfig(out)), "didomi-"+out.Stack+"-api-account-role-e2e"
	_, err := admin.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(lambdaTrust), PermissionsBoundary: aws.String(accountLogs),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &name}); err != nil {
			t.Error(err)
		}
	})
	return name
}

func setLogRole(role string) attempt {
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).UpdateAccount(ctx, &apigateway.UpdateAccountInput{
			PatchOperations: []apitypes.PatchOperation{{Op: apitypes.OpReplace, Path: aws.String("/cloudwatchRoleArn"), Value: &role}},
		})
		return err
	}
}

// newIntegration creates an API with the stack's tags and a method that searches logs with the role.
func newIntegration(t *testing.T, out outputs, like, role string) attempt {
	t.Helper()
	ctx, admin := context.Background(), apigateway.NewFromConfig(awsConfig(out))
	own, err := admin.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: &like})
	if err != nil {
		t.Fatal(err)
	}
	api, err := admin.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("e2e"), Tags: own.Tags})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: api.Id}); err != nil {
			t.Error(err)
		}
	})
	resources, err := admin.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api.Id})
	if err != nil {
		t.Fatal(err)
	}
	root, get := resources.Items[0].Id, aws.String("GET")
	_, err = admin.PutMethod(ctx, &apigateway.PutMethodInput{RestApiId: api.Id, ResourceId: root, HttpMethod: get, AuthorizationType: aws.String("NONE")})
	if err != nil {
		t.Fatal(err)
	}
	return func(ctx context.Context, config aws.Config) error {
		_, err := apigateway.NewFromConfig(config).PutIntegration(ctx, &apigateway.PutIntegrationInput{
			RestApiId: api.Id, ResourceId: root, HttpMethod: get, Type: apitypes.IntegrationTypeAws, IntegrationHttpMethod: aws.String("POST"),
			Uri: aws.String("arn:aws:apigateway:" + out.Region + ":logs:action/FilterLogEvents"), Credentials: &role,
		})
		return err
	}
}
