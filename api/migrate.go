package api

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// runMigration invokes the new version of the migrating function, once for every set of migrations
// and every code. An error that it returns fails the update there and then: whatever depends on the
// invocation, the alias first of all, stays as it is, and the old version goes on serving.
func runMigration(ctx *pulumi.Context, s site, migrate *lambda.Function) (*lambda.Invocation, error) {
	code := map[string]string{
		"migrations": s.args.Code.MigrationsSHA256,
		"code":       s.args.Code.SHA256,
	}
	input, err := json.Marshal(code)
	if err != nil {
		return nil, fmt.Errorf("api: input of the migration: %w", err)
	}
	migrated, err := lambda.NewInvocation(ctx, s.name+"-migrated", &lambda.InvocationArgs{
		FunctionName:   migrate.Name,
		Qualifier:      migrate.Version,
		Input:          pulumi.String(input),
		Triggers:       pulumi.ToStringMap(code),
		LifecycleScope: pulumi.String("CREATE_ONLY"),
	}, s.parent, pulumi.DependsOn(s.args.After))
	if err != nil {
		return nil, fmt.Errorf("api: migration: %w", err)
	}
	return migrated, nil
}
