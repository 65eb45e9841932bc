package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// adoptAccount gives API Gateway a role to write logs with, and returns what a stage that logs must
// wait for: nothing, when the stack leaves the setting alone.
//
// The setting is the account's and the region's, not the stack's, so it is handled as furniture: set
// once, not fought over when another stack sets it too (both roles can do the same), and left behind
// with its role when the stack goes, since others may be logging with it.
func adoptAccount(ctx *pulumi.Context, s site) ([]pulumi.Resource, error) {
	if !s.args.Config.ManageAccountRole {
		return nil, nil
	}
	// What the role may do is its boundary too: it outlives the stack, and so must its boundary.
	logs := pulumi.String(policy.APIGatewayLogs(s.partition))
	role, err := iam.NewRole(ctx, s.name+"-account-role", &iam.RoleArgs{
		AssumeRolePolicy:    policy.Trust("apigateway.amazonaws.com"),
		Description:         pulumi.String("API Gateway writes logs with it, for every API of the account and region"),
		MaxSessionDuration:  pulumi.Int(3600),
		PermissionsBoundary: logs,
	}, s.parent, pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("api: role of the account's logs: %w", err)
	}
	// API Gateway tries the role out before it takes it, and asks for exactly what this policy has.
	grant, err := iam.NewRolePolicyAttachment(ctx, s.name+"-account-rights", &iam.RolePolicyAttachmentArgs{
		Role:      role.Name,
		PolicyArn: logs,
	}, s.parent, pulumi.RetainOnDelete(true))
	if err != nil {
		return nil, fmt.Errorf("api: rights of the account's logs: %w", err)
	}
	account, err := apigateway.NewAccount(ctx, s.name+"-account", &apigateway.AccountArgs{
		CloudwatchRoleArn: role.Arn,
	}, s.parent, pulumi.RetainOnDelete(true), pulumi.IgnoreChanges([]string{"cloudwatchRoleArn"}),
		pulumi.DependsOn([]pulumi.Resource{grant}))
	if err != nil {
		return nil, fmt.Errorf("api: the account's logs: %w", err)
	}
	return []pulumi.Resource{account}, nil
}
