package function

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// purgeCache empties the cache once for every database that a restore puts behind the proxy: an entry may be newer
// than its item there. Both versions of a rollout use the same database and the same keys, so an entry that one
// deletes is gone for the other, as in any rollout. It follows the migration, which logs in to the new database.
func purgeCache(ctx *pulumi.Context, a Args, f *Functions) error {
	if !a.Database.restoredBehindProxy() {
		return nil
	}
	purged, err := lambda.NewInvocation(ctx, a.Name+"-cache-purged", &lambda.InvocationArgs{
		// Without a qualifier: a new version does not repeat it.
		FunctionName:   f.migrating.Name,
		Input:          pulumi.String(`{"step":"purge"}`),
		Triggers:       pulumi.StringMap{"target": a.Database.ProxyTarget},
		LifecycleScope: pulumi.String("CREATE_ONLY"),
	}, a.Parent, pulumi.DependsOn(f.ready))
	if err != nil {
		return fmt.Errorf("api: purge of the cache: %w", err)
	}
	f.ready = append(f.ready, purged)
	return nil
}
