package main

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/apigateway"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// GatewayToken is the type of the component of API Gateway's account settings.
func GatewayToken(project string) string { return token(project, "Gateway") }

// GatewayConfig configures the role that API Gateway writes the logs of all APIs with.
type GatewayConfig struct {
	// LogRole creates the role and sets it; false where the account already has one.
	LogRole bool `json:"logRole"`
	// Regions are the further regions with stacks: API Gateway has the setting once for each region.
	Regions []string `json:"regions"`
}

// DefaultGateway sets the role in bootstrap's own region.
func DefaultGateway() GatewayConfig { return GatewayConfig{LogRole: true, Regions: []string{}} }

// Validate lists the regions that are invalid or named twice.
func (c GatewayConfig) Validate() []config.FieldError {
	var problems []config.FieldError
	for i, region := range c.Regions {
		switch {
		case len(account.Config{Region: region}.Validate()) > 0:
			problems = append(problems, config.FieldError{Key: "regions", Value: config.Quote(region), MustBe: "a list of regions such as eu-central-1"})
		case slices.Contains(c.Regions[:i], region):
			problems = append(problems, config.FieldError{Key: "regions", Value: config.Quote(region), MustBe: "a list with each region once"})
		}
	}
	return problems
}

// Gateway is the role that API Gateway writes logs with, and the setting that names it.
type Gateway struct {
	pulumi.ResourceState
}

// NewGateway registers the role, and the setting in bootstrap's region and the further ones, whose
// providers are given by region. The role reads every log of the account, since API Gateway accepts none that
// does not, and every API logs with it. So only an administrator manages it: no stack creates, changes or passes it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func NewGateway(ctx *pulumi.Context, name string, c GatewayConfig, further map[string]*aws.Provider, opts ...pulumi.ResourceOption) error {
	if err := config.Check("apiGateway", c); err != nil {
		return err
	}
	g := &Gateway{}
	if err := ctx.RegisterComponentResource(GatewayToken(ctx.Project()), name, g, opts...); err != nil {
		return fmt.Errorf("register the settings of API Gateway: %w", err)
	}
	if c.LogRole {
		if err := g.setLogRole(ctx, name, c, further); err != nil {
			return err
		}
	}
	return ctx.RegisterResourceOutputs(g, pulumi.Map{})
}

func (g *Gateway) setLogRole(ctx *pulumi.Context, name string, c GatewayConfig, further map[string]*aws.Provider) error {
	role, granted, err := g.logRole(ctx, name)
	if err != nil {
		return err
	}
	set := func(name string, options ...pulumi.ResourceOption) error {
		_, err := apigateway.NewAccount(ctx, name, &apigateway.AccountArgs{CloudwatchRoleArn: role.Arn},
			append(options, pulumi.Parent(g), pulumi.Protect(true), pulumi.DependsOn([]pulumi.Resource{granted}))...)
		if err != nil {
			return fmt.Errorf("set the role of API Gateway's logs (%s): %w", name, err)
		}
		return nil
	}
	if err := set(name); err != nil {
		return err
	}
	for _, region := range c.Regions {
		if err := set(name+"-"+region, pulumi.Provider(further[region])); err != nil {
			return err
		}
	}
	return nil
}

// logRole registers the role and its policy, which is its boundary too. All are protected: without the setting,
// a stack whose API has logs cannot change its stage.
func (g *Gateway) logRole(ctx *pulumi.Context, name string) (*iam.Role, *iam.RolePolicyAttachment, error) {
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(g))
	if err != nil {
		return nil, nil, fmt.Errorf("read the partition: %w", err)
	}
	logs := pulumi.String("arn:" + partition.Partition + ":iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs")
	role, err := iam.NewRole(ctx, name+"-logs", &iam.RoleArgs{
		AssumeRolePolicy:    policy.Trust("apigateway.amazonaws.com"),
		Description:         pulumi.String("API Gateway writes the logs of every API of the account with it"),
		MaxSessionDuration:  pulumi.Int(3600),
		PermissionsBoundary: logs,
	}, pulumi.Parent(g), pulumi.Protect(true))
	if err != nil {
		return nil, nil, fmt.Errorf("register the role of API Gateway's logs: %w", err)
	}
	granted, err := iam.NewRolePolicyAttachment(ctx, name+"-logs", &iam.RolePolicyAttachmentArgs{
		Role: role.Name, PolicyArn: logs,
	}, pulumi.Parent(g), pulumi.Protect(true))
	if err != nil {
		return nil, nil, fmt.Errorf("register the policy of API Gateway's logs: %w", err)
	}
	return role, granted, nil
}
