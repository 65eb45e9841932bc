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

// Args are what the room needs.
type Args struct {
	Config Config
	// Components are what each component needs of the two roles.
	Components []func(policy.Scope) policy.Permissions
	// OperationsKeyARN is what the secret of the CI user's key is encrypted with.
	OperationsKeyARN pulumi.StringInput
}

// IAM is the pipeline's identity as the others see it.
type IAM struct {
	pulumi.ResourceState

	UserName pulumi.StringOutput `pulumi:"userName"`
	// KeySecretARN is where the user's key is kept; empty where jobs sign in with OIDC.
	KeySecretARN   pulumi.StringOutput `pulumi:"keySecretArn"`
	PreviewRoleARN pulumi.StringOutput `pulumi:"previewRoleArn"`
	DeployRoleARN  pulumi.StringOutput `pulumi:"deployRoleArn"`
	// WorkloadBoundaryARN is the permissions boundary that every role of the stack must carry for
	// the deploy role to be let make it.
	WorkloadBoundaryARN pulumi.StringOutput `pulumi:"workloadBoundaryArn"`
}

// site is where and for whom the parts of the room are built.
type site struct {
	name   string
	config Config
	parent pulumi.ResourceOption
	policy.Scope
	components policy.Permissions
}

// New builds the room. It refuses a Config with problems before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*IAM, error) {
	if err := config.Check("iam", args.Config); err != nil {
		return nil, err
	}
	c := &IAM{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, c, opts...); err != nil {
		return nil, fmt.Errorf("iam: %w", err)
	}
	s, err := newSite(ctx, name, args, c)
	if err != nil {
		return nil, err
	}
	user, err := newUser(ctx, s)
	if err != nil {
		return nil, err
	}
	secret, err := newKeySecret(ctx, s, args.OperationsKeyARN)
	if err != nil {
		return nil, err
	}
	b, err := newBoundaries(ctx, s)
	if err != nil {
		return nil, err
	}
	t, err := newTrust(ctx, s, user)
	if err != nil {
		return nil, err
	}
	preview, err := newPreviewRole(ctx, s, t, b)
	if err != nil {
		return nil, err
	}
	deploy, err := newDeployRole(ctx, s, t, b)
	if err != nil {
		return nil, err
	}
	if err := letAssume(ctx, s, user, preview.Arn, deploy.Arn); err != nil {
		return nil, err
	}
	if err := newLogDelivery(ctx, s); err != nil {
		return nil, err
	}
	c.UserName, c.PreviewRoleARN, c.DeployRoleARN = user.Name, preview.Arn, deploy.Arn
	c.KeySecretARN, c.WorkloadBoundaryARN = secret, b.workload.Arn
	return c, ctx.RegisterResourceOutputs(c, pulumi.Map{
		"userName": c.UserName, "keySecretArn": c.KeySecretARN, "previewRoleArn": c.PreviewRoleARN, "deployRoleArn": c.DeployRoleARN,
		"workloadBoundaryArn": c.WorkloadBoundaryARN,
	})
}

// newSite looks up where the stack is.
func newSite(ctx *pulumi.Context, name string, args Args, parent pulumi.Resource) (site, error) {
	location, err := account.Locate(ctx, parent)
	if err != nil {
		return site{}, fmt.Errorf("iam: %w", err)
	}
	scope := policy.Scope{Location: location, Project: ctx.Project(), Stack: ctx.Stack()}
	return site{
		name: name, config: args.Config, parent: pulumi.Parent(parent),
		Scope: scope, components: compose(scope, args.Components),
	}, nil
}
