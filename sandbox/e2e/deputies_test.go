package e2e

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go"
)

// checkDeputies checks which services can assume the stack's roles, and on whose behalf. Every request shows that
// functions and proxies can assume theirs.
func checkDeputies(t *testing.T, out outputs) {
	t.Helper()
	ctx, admin := context.Background(), awsConfig(out)
	t.Run("the flow logs' role can write flow logs", func(t *testing.T) {
		vpc := stackOutputs(t, out)["vpcId"].(string)
		found, err := ec2.NewFromConfig(admin).DescribeFlowLogs(ctx, &ec2.DescribeFlowLogsInput{
			Filter: []ec2types.Filter{{Name: aws.String("resource-id"), Values: []string{vpc}}},
		})
		if err != nil || len(found.FlowLogs) == 0 {
			t.Fatalf("flow logs of %s: %+v, %v", vpc, found, err)
		}
		for _, flows := range found.FlowLogs {
			if aws.ToString(flows.ResourceId) == vpc && aws.ToString(flows.DeliverLogsStatus) != "SUCCESS" {
				t.Errorf("%s: %s", aws.ToString(flows.DeliverLogsStatus), aws.ToString(flows.DeliverLogsErrorMessage))
			}
		}
	})
	t.Run("functions' environments are encrypted with the operations key and visible only with kms:Decrypt", func(t *testing.T) {
		key := keyARN(t, out, "alias/didomi-"+out.Stack+"-keys-operations")
		for _, handler := range []string{"api", "migrate", "rotate", "cache-user"} {
			if f := stackFunction(t, out, handler); aws.ToString(f.KMSKeyArn) != key || len(f.Environment.Variables) == 0 {
				t.Errorf("%s: key %s, want %s; %d variables", handler, aws.ToString(f.KMSKeyArn), key, len(f.Environment.Variables))
			}
		}
		reader := newReader(t, out)
		try := readEnvironment(*stackFunction(t, out, "migrate").FunctionName)
		if err := try(ctx, reader.config); !denied(err) {
			t.Errorf("a reader of functions without a permission on the key sees the environment: %v", err)
		}
		defer reader.widen(t, iam.NewFromConfig(admin))()
		if err := try(ctx, reader.config); err != nil {
			t.Errorf("it fails even with every permission, so the test shows nothing: %v", err)
		}
	})
	t.Run("no other function can use the role of the function that rotates the cache's password", func(t *testing.T) {
		role, other := stackRoles(t, out)["api-cache-user-role"], stackFunction(t, out, "migrate")
		try := setFunctionRole(*other.FunctionName, role)
		var failure smithy.APIError
		if err := try(ctx, admin); !errors.As(err, &failure) || !strings.Contains(failure.ErrorMessage(), "cannot be assumed by Lambda") {
			t.Errorf("got %v", err)
		}
		undo := trustPolicy(t, iam.NewFromConfig(admin), last(role), lambdaTrust)
		err := try(ctx, admin)
		undo()
		if err != nil {
			t.Errorf("it fails although the role trusts Lambda for every function, so the test shows nothing: %v", err)
		}
		if err := setFunctionRole(*other.FunctionName, *other.Role)(ctx, admin); err != nil {
			t.Errorf("undo: %v", err)
		}
	})
}

// newReader creates a role whose only permission is to read functions.
func newReader(t *testing.T, out outputs) principal {
	t.Helper()
	ctx, admin := context.Background(), iam.NewFromConfig(awsConfig(out))
	name, policy := aws.String("e2e-reader"), aws.String("reading")
	created, err := admin.CreateRole(ctx, &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: aws.String(lambdaTrust)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if _, err := admin.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: policy}); err != nil {
			t.Error(err)
		}
		if _, err := admin.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name}); err != nil {
			t.Error(err)
		}
	})
	_, err = admin.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: name, PolicyName: policy,
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:Get*","lambda:List*"],"Resource":"*"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return principal{name: *name, config: assume(t, awsConfig(out), *created.Role.Arn)}
}
