package api

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// liveAlias is the name under which requests reach a version of the serving function.
const liveAlias = "live"

// The ways in which a new version takes over.
const (
	// allAtOnce moves the alias with the update.
	allAtOnce = "allAtOnce"
	// canary leaves the alias where it is: `ops rollout` shifts it, watches, and finishes or goes back.
	canary = "canary"
)

// newAlias points the alias at the new version once what it needs is done: the database is migrated, the
// cache's user has its password, and what is kept warm is. A first deployment does so in either way: there is no other version
// to serve.
func newAlias(ctx *pulumi.Context, s site, function *lambda.Function, done []pulumi.Resource) (*lambda.Alias, error) {
	options := []pulumi.ResourceOption{s.parent, pulumi.DependsOn(done)}
	if s.args.Config.Rollout == canary {
		// All three are the rollout's: the description says which version served before.
		options = append(options, pulumi.IgnoreChanges([]string{"description", "functionVersion", "routingConfig"}))
	}
	alias, err := lambda.NewAlias(ctx, s.name+"-live", &lambda.AliasArgs{
		Name:            pulumi.String(liveAlias),
		Description:     pulumi.String("The version that serves, moved after the database is migrated"),
		FunctionName:    function.Name,
		FunctionVersion: function.Version,
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("api: alias %s: %w", liveAlias, err)
	}
	return alias, nil
}
