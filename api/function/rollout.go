package function

import (
	"fmt"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The ways in which a new version takes over.
const (
	// AllAtOnce moves the alias with the update.
	AllAtOnce = "allAtOnce"
	// Canary leaves the alias where it is: `ops rollout` shifts it, watches, and finishes or rolls back.
	Canary = "canary"
)

// newAlias points the alias at the new version once what it needs is done: the database is migrated, the
// cache's user has its password, and the provisioned concurrency exists. A first
// deployment does so in both ways: there is no other version.
func newAlias(ctx *pulumi.Context, a Args, function *lambda.Function, done []pulumi.Resource) (*lambda.Alias, error) {
	options := []pulumi.ResourceOption{a.Parent, pulumi.DependsOn(done)}
	if a.Settings.Rollout == Canary {
		// All three are the rollout's: the description says which version served before.
		options = append(options, pulumi.IgnoreChanges([]string{"description", "functionVersion", "routingConfig"}))
	}
	alias, err := lambda.NewAlias(ctx, a.Name+"-live", &lambda.AliasArgs{
		Name:            pulumi.String(contract.LiveAlias),
		Description:     pulumi.String("The version that serves, moved after the database is migrated"),
		FunctionName:    function.Name,
		FunctionVersion: function.Version,
	}, options...)
	if err != nil {
		return nil, fmt.Errorf("api: alias %s: %w", contract.LiveAlias, err)
	}
	return alias, nil
}
