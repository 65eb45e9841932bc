package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// accountID is the id by which the provider reads the settings of API Gateway, which an account has once
// for each region.
const accountID = "api-gateway-account"

// logDestination is the ARN of the access log's group, once API Gateway is known to have a role to write
// logs with. The role is the account's and bootstrap sets it. Without it AWS refuses a stage that logs; the
// preview reads the setting, so that it fails with the reason before anything is changed.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func logDestination(ctx *pulumi.Context, s site, l logs) (pulumi.StringOutput, error) {
	account, err := apigateway.GetAccount(ctx, s.name+"-log-role", pulumi.ID(accountID), nil, s.parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("api: settings of API Gateway: %w", err)
	}
	// The group's ARN is not known in a preview of a new stack; the role is.
	role := account.CloudwatchRoleArn.ApplyT(func(role string) (string, error) {
		if role == "" {
			return "", fmt.Errorf("api: API Gateway has no role to write logs with in account %s, region %s; an administrator sets it: "+
				"run pulumi up in bootstrap/ (docs/bootstrap.md), with %[2]s in didomi-bootstrap:apiGateway.regions where bootstrap is in another region",
				s.account, s.region)
		}
		return role, nil
	})
	return pulumi.All(role, l.access.Arn).ApplyT(func(all []any) string { return all[1].(string) }).(pulumi.StringOutput), nil
}
