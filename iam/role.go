package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// sessionSeconds is how long a job may keep a role; creating a database cluster takes a while.
const sessionSeconds = 2 * 60 * 60

// managedPolicy holds what belongs together, within IAM's 6144 characters.
type managedPolicy struct {
	name       string
	statements []policy.Statement
}

// newPreviewRole makes the role of merge requests: it reads the stack's state, and next to nothing of
// the account.
func newPreviewRole(ctx *pulumi.Context, s site, t trust, b boundaries) (*iam.Role, error) {
	return newRole(ctx, s, "preview", "Previews "+s.Prefix(), t.document(s.config.previews), b.preview, s.previewReads(), s.readingState())
}

// newDeployRole makes the role of the one branch that deploys.
func newDeployRole(ctx *pulumi.Context, s site, t trust, b boundaries) (*iam.Role, error) {
	return newRole(ctx, s, "deploy", "Deploys "+s.Prefix(), t.document(s.config.deploys), b.deploy,
		s.deployPolicies(b.workload.Arn)...)
}

func newRole(ctx *pulumi.Context, s site, part, description string, trusted pulumi.StringOutput, boundary *iam.Policy, all ...managedPolicy) (*iam.Role, error) {
	role, err := iam.NewRole(ctx, s.name+"-"+part, &iam.RoleArgs{
		Description:         pulumi.String(description),
		AssumeRolePolicy:    trusted,
		MaxSessionDuration:  pulumi.Int(sessionSeconds),
		PermissionsBoundary: boundary.Arn,
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: role %s: %w", part, err)
	}
	for _, r := range all {
		if len(r.statements) == 0 {
			continue
		}
		name := s.name + "-" + part + "-" + r.name
		managed, err := iam.NewPolicy(ctx, name, &iam.PolicyArgs{
			Description: pulumi.String(description + ": " + r.name),
			Path:        pulumi.String("/"),
			Policy:      policy.Document(r.statements...),
		}, s.parent)
		if err != nil {
			return nil, fmt.Errorf("iam: rights %s of %s: %w", r.name, part, err)
		}
		_, err = iam.NewRolePolicyAttachment(ctx, name, &iam.RolePolicyAttachmentArgs{
			Role: role.Name, PolicyArn: managed.Arn,
		}, s.parent)
		if err != nil {
			return nil, fmt.Errorf("iam: attach rights %s to %s: %w", r.name, part, err)
		}
	}
	return role, nil
}
