package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type.
const Token = "didomi:iam:IAM"

// Args are what the room needs.
type Args struct {
	Config Config
	// Domain is the parent of the stack's host name, whose records the deploy role may change.
	Domain string
	// ZoneID is the existing zone of the host name; empty where the stack creates one.
	ZoneID string
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
	// prefix is how everything that the stack names begins.
	prefix string
	// project is what the paths of the state begin with.
	project string
	stack   string
	// domain is what the host name <stack>.<domain> ends with.
	domain string
	// zoneID is the existing zone of the host name, if one is configured.
	zoneID string

	account.Location
}

// New builds the room. It refuses a Config with problems before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*IAM, error) {
	if err := config.Check("iam", args.Config); err != nil {
		return nil, err
	}
	c := &IAM{}
	if err := ctx.RegisterComponentResource(Token, name, c, opts...); err != nil {
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
	return site{
		name: name, config: args.Config, parent: pulumi.Parent(parent),
		prefix: ctx.Project() + "-" + ctx.Stack(), project: ctx.Project(), stack: ctx.Stack(), domain: args.Domain, zoneID: args.ZoneID,
		Location: location,
	}, nil
}

func (s site) arn(service, resource string) pulumi.StringInput {
	return pulumi.String(s.ARN(service, resource))
}

func (s site) global(service, resource string) pulumi.StringInput {
	return pulumi.String(s.GlobalARN(service, resource))
}
