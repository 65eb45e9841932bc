package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sessionSeconds is the longest session of a job; creating a database cluster takes a while.
const sessionSeconds = 2 * 60 * 60

// managedPolicy holds related statements, within IAM's 6144 characters.
type managedPolicy struct {
	name       string
	statements []policy.Statement
}

// newPreviewRole creates the role of merge requests: it reads the stack's state, and next to nothing of
// the account.
func newPreviewRole(ctx *pulumi.Context, b builder, t trust, limits boundaries) (*iam.Role, error) {
	return newRole(ctx, b, "preview", "Previews "+b.Prefix(), t.document(b.config.previews), limits.preview, b.previewReads(), b.readingState())
}

// newDeployRole creates the role of the one branch that deploys.
func newDeployRole(ctx *pulumi.Context, b builder, t trust, limits boundaries) (*iam.Role, error) {
	return newRole(ctx, b, "deploy", "Deploys "+b.Prefix(), t.document(b.config.deploys), limits.deploy,
		b.deployPolicies(limits.workload.Arn)...)
}

func newRole(ctx *pulumi.Context, b builder, suffix, description string, trusted pulumi.StringOutput, boundary *iam.Policy, policies ...managedPolicy) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, b.name+"-"+suffix, &iam.RoleArgs{
		Description:         pulumi.String(description),
		AssumeRolePolicy:    trusted,
		MaxSessionDuration:  pulumi.Int(sessionSeconds),
		PermissionsBoundary: boundary.Arn,
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: role %s: %w", suffix, err)
	}
	for _, p := range policies {
		if len(p.statements) == 0 {
			continue
		}
		name := b.name + "-" + suffix + "-" + p.name
		attached, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{
			Description: pulumi.String(description + ": " + p.name),
			Path:        pulumi.String("/"),
			Policy:      policy.Document(p.statements...),
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("iam: policy %s of %s: %w", p.name, suffix, err)
		}
		_, err = iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: attached.Arn,
		}, b.parent)
		if err != nil {
			return nil, fmt.Errorf("iam: attach policy %s to %s: %w", p.name, suffix, err)
		}
	}
	return role, nil
}

// newSmallRole creates a role with its permissions in one policy of its own.
func newSmallRole(ctx *pulumi.Context, b builder, suffix string, args *iam.RoleArgs, statements ...policy.Statement) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, b.name+"-"+suffix, args, b.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: role %s: %w", suffix, err)
	}
	_, err = iam.NewRolePolicy(ctx, b.name+"-"+suffix, &iam.RolePolicyArgs{Role: role.ID(), Policy: policy.Document(statements...)}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: policy of the role %s: %w", suffix, err)
	}
	return role, nil
}
