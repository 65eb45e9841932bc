package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// serviceRole registers a role that a service assumes, and its policy, on which what uses the role may have to depend.
// who is the service in an error.
func (d *Data) serviceRole(ctx *pulumi.Context, name, who string, args *iam.RoleArgs, statements ...policy.Statement) (*iam.Role, *iam.RolePolicy, error) {
	role, err := iam.NewRole(ctx, name, args, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("register the role of %s: %w", who, err)
	}
	rights, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{Role: role.ID(), Policy: policy.Document(statements...)}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("register the policy of %s: %w", who, err)
	}
	return role, rights, nil
}
