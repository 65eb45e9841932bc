package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accountID is the id by which the provider reads the settings of API Gateway, which an account has once
// for each region.
const accountID = "api-gateway-account"

// LogRole reads which role API Gateway writes logs with: the account's, which bootstrap sets. It is not in
// the component, since an update of other components alone (--target) reads it too, and then its parent is
// not in the state.
func LogRole(ctx *pulumi.Context, name string, opts ...pulumi.ResourceOption) (pulumi.StringOutput, error) {
	account, err := apigateway.GetAccount(ctx, name, pulumi.ID(accountID), nil, opts...)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: settings of API Gateway: %w", err)
	}
	return account.CloudwatchRoleArn, nil
}

// logDestination is the ARN of the access log's group, once API Gateway is known to have a role to write
// logs with. Without it AWS rejects a stage that logs; a preview fails with the reason.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func logDestination(b builder, access *cloudwatch.LogGroup) pulumi.StringOutput {
	// The group's ARN is not known in a preview of a new stack; the role is.
	role := b.args.LogRoleARN.ToStringOutput().ApplyT(func(role string) (string, error) {
		if role == "" {
			return "", fmt.Errorf("api: API Gateway has no role to write logs with in account %s, region %s; an administrator sets it: "+
				"run pulumi up in bootstrap/ (docs/how-to/bootstrap-an-account.md), with %[2]s in %[3]s-bootstrap:apiGateway.regions where bootstrap is in another region",
				b.Account, b.Region, b.Project)
		}
		return role, nil
	})
	return pulumi.All(role, access.Arn).ApplyT(func(all []any) string { return all[1].(string) }).(pulumi.StringOutput)
}
