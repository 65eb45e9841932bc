// This command is the Pulumi program: it reads the stack's configuration, builds the rooms in
// order and exports what people and pipelines need of them.
package main

import (
	"github.com/didomi/serverless-api/api"
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
	s, err := load(values, ctx.Project(), ctx.Stack())
	if err != nil {
		return err
	}
	code, err := api.Build("lambda", ".build", s.API.Architecture)
	if err != nil {
		return err
	}
	aws, err := account.NewProvider(ctx, "aws", s.account, s.Tags, stacktag.Value(ctx.Project(), ctx.Stack()))
	if err != nil {
		return err
	}
	// Everything is named after project and stack: two stacks of one account never collide, and the
	// pipeline's roles tell by the name what is theirs.
	room := func(name string) string { return ctx.Project() + "-" + ctx.Stack() + "-" + name }
	zones, err := network.Zones(ctx, room("network"), s.Network, pulumi.Provider(aws))
	if err != nil {
		return err
	}
	provider := pulumi.Providers(aws)
	locks, err := keys.New(ctx, room("keys"), keys.Args{Protect: !s.Data.AllowDeletion, Retain: s.Data.Database.FinalSnapshot}, provider)
	if err != nil {
		return err
	}
	ci, err := iam.New(ctx, room("iam"), iam.Args{Config: s.IAM, Components: componentPermissions(s), OperationsKeyARN: locks.OperationsKeyARN}, provider)
	if err != nil {
		return err
	}
	names, err := dns.New(ctx, room("dns"), dns.Args{Config: s.DNS, Stage: ctx.Stack()}, provider)
	if err != nil {
		return err
	}
	net, err := network.New(ctx, room("network"), networkArgs(s, zones, ci, locks), provider)
	if err != nil {
		return err
	}
	store, err := data.New(ctx, room("data"), dataArgs(s, ci, locks, net), provider)
	if err != nil {
		return err
	}
	logRole, err := api.LogRole(ctx, room("api-log-role"), pulumi.Provider(aws))
	if err != nil {
		return err
	}
	front, err := api.New(ctx, room("api"), apiArgs(s, ctx.Stack(), logRole, code, ci, locks, net, store, names), provider)
	if err != nil {
		return err
	}
	export(ctx, ci, names, net, store, front)
	return nil
}
