package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":iam:IAM" }

// Args are the component's inputs.
type Args struct {
	Config Config
	// Components are what each component needs of the preview and deploy roles.
	Components []func(policy.Scope) policy.Permissions
	// OperationsKeyARN is the KMS key that encrypts the secret with the CI user's access key.
	OperationsKeyARN pulumi.StringInput
}

// IAM is the component of the pipeline's identity with its outputs.
type IAM struct {
	pulumi.ResourceState

	UserName pulumi.StringOutput `pulumi:"userName"`
	// KeySecretARN is the secret with the user's access key; empty where jobs authenticate with OIDC.
	KeySecretARN   pulumi.StringOutput `pulumi:"keySecretArn"`
	PreviewRoleARN pulumi.StringOutput `pulumi:"previewRoleArn"`
	DeployRoleARN  pulumi.StringOutput `pulumi:"deployRoleArn"`
	DrillRoleARN   pulumi.StringOutput `pulumi:"drillRoleArn"`
	// WorkloadBoundaryARN is the permissions boundary that every role of the stack must have for
	// the deploy role to be allowed to create it.
	WorkloadBoundaryARN pulumi.StringOutput `pulumi:"workloadBoundaryArn"`
}

// builder holds what creates the component's resources: its name, configuration and scope.
type builder struct {
	name   string
	config Config
	parent pulumi.ResourceOption
	policy.Scope
	components policy.Permissions
}

// New creates the component. It rejects an invalid Config before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*IAM, error) {
	if err := config.Check("iam", args.Config); err != nil {
		return nil, err
	}
	c := &IAM{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, c, opts...); err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	b, err := newBuilder(ctx, name, args, c)
	if err != nil {
		return nil, err
	}
	user, err := newUser(ctx, b)
	if err != nil {
		return nil, err
	}
	secret, err := newKeySecret(ctx, b, args.OperationsKeyARN)
	if err != nil {
		return nil, err
	}
	limits, err := newBoundaries(ctx, b)
	if err != nil {
		return nil, err
	}
	t, err := newTrust(ctx, b, user)
	if err != nil {
		return nil, err
	}
	preview, err := newPreviewRole(ctx, b, t, limits)
	if err != nil {
		return nil, err
	}
	deploy, err := newDeployRole(ctx, b, t, limits)
	if err != nil {
		return nil, err
	}
	drill, err := newDrillRole(ctx, b, t)
	if err != nil {
		return nil, err
	}
	if err := allowAssumeRole(ctx, b, user, preview.Arn, deploy.Arn, drill.Arn); err != nil {
		return nil, err
	}
	if err := newQueryRole(ctx, b); err != nil {
		return nil, err
	}
	if err := newLogDelivery(ctx, b); err != nil {
		return nil, err
	}
	c.UserName, c.PreviewRoleARN, c.DeployRoleARN, c.DrillRoleARN = user.Name, preview.Arn, deploy.Arn, drill.Arn
	c.KeySecretARN, c.WorkloadBoundaryARN = secret, limits.workload.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"userName": c.UserName, "keySecretArn": c.KeySecretARN, "previewRoleArn": c.PreviewRoleARN, "deployRoleArn": c.DeployRoleARN,
		"drillRoleArn":        c.DrillRoleARN,
		"workloadBoundaryArn": c.WorkloadBoundaryARN,
	})
}

// newBuilder looks up where the stack is deployed.
func newBuilder(ctx *pulumi.Context, name string, args Args, parent pulumi.Resource) (builder, error) {
	location, err := account.Locate(ctx, parent)
	if err != nil {
		return builder{}, fmt.Errorf("iam: %w", err)
	}
	scope := policy.Scope{Location: location, Project: ctx.Project(), Stack: ctx.Stack()}
	return builder{
		name: name, config: args.Config, parent: pulumi.Parent(parent),
		Scope: scope, components: compose(scope, args.Components),
	}, nil
}
