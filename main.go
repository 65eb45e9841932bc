// This command is the Pulumi program: it reads the stack's configuration, creates the components in order and exports
// the outputs of the stack.
package main

import (
	"github.com/didomi/serverless-api/api"
	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/data"
	"github.com/didomi/serverless-api/dns"
	"github.com/didomi/serverless-api/iam"
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/keys"
	"github.com/didomi/serverless-api/network"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func main() {
	var values config.Values
	pulumi.Run(func(ctx *pulumi.Context) error { return provision(ctx, values) }, config.Capture(&values))
}

func provision(ctx *pulumi.Context, values config.Values) error {
	cfg, err := load(values, ctx.Project(), ctx.Stack())
	if err != nil {
		return err
	}
	code, err := function.Build("lambda", ".build", cfg.API.Architecture)
	if err != nil {
		return err
	}
	aws, err := account.NewProvider(ctx, "aws", cfg.account, cfg.Tags, stacktag.Value(ctx.Project(), ctx.Stack()))
	if err != nil {
		return err
	}
	// Names begin with project and stack, so two stacks in one account never collide, and the pipeline's roles are
	// limited by name to their stack's resources.
	componentName := func(name string) string { return ctx.Project() + "-" + ctx.Stack() + "-" + name }
	zoneNames, err := network.Zones(ctx, componentName("network"), cfg.Network, pulumi.Provider(aws))
	if err != nil {
		return err
	}
	provider := pulumi.Providers(aws)
	copies, err := copiesProvider(ctx, cfg)
	if err != nil {
		return err
	}
	kmsKeys, err := keys.New(ctx, componentName("keys"), keysArgs(cfg, copies), provider)
	if err != nil {
		return err
	}
	ci, err := iam.New(ctx, componentName("iam"), iam.Args{Config: cfg.IAM, Components: componentPermissions(cfg), OperationsKeyARN: kmsKeys.OperationsKeyARN}, provider)
	if err != nil {
		return err
	}
	zone, err := dns.New(ctx, componentName("dns"), dns.Args{Config: cfg.DNS, Stage: ctx.Stack()}, provider)
	if err != nil {
		return err
	}
	vpc, err := network.New(ctx, componentName("network"), networkArgs(cfg, zoneNames, ci, kmsKeys), provider)
	if err != nil {
		return err
	}
	storage, err := data.New(ctx, componentName("data"), dataArgs(cfg, ci, kmsKeys, vpc, copies), provider)
	if err != nil {
		return err
	}
	logRole, err := api.LogRole(ctx, componentName("api-log-role"), pulumi.Provider(aws))
	if err != nil {
		return err
	}
	apiComponent, err := api.New(ctx, componentName("api"), apiArgs(cfg, ctx.Project(), ctx.Stack(), logRole, code, ci, kmsKeys, vpc, storage, zone), provider)
	if err != nil {
		return err
	}
	export(ctx, ci, zone, vpc, storage, apiComponent)
	return nil
}
