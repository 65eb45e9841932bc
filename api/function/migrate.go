package function

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// migrateTimeoutSeconds bounds a migration and each wait for the proxy, the longest that Lambda allows: a
// large table takes its time, and there is no second try. The provider sets no bound of its own to an
// invocation (CreateWithoutTimeout), nor does its HTTP client, whose TCP keep-alives hold the connection.
const migrateTimeoutSeconds = 900

// migrating migrates the database during an update.
var migrating = declaration{suffix: contract.HandlerMigrate, create: createMigrating}

func createMigrating(ctx *pulumi.Context, a Args, f *Functions) error {
	environment := a.databaseEnvironment()
	environment[contract.DBMasterSecret] = a.Database.MasterSecretARN
	if a.Query != nil {
		environment[contract.DBQueryUser] = pulumi.String(a.Query.User)
	}
	if a.Database.restoredBehindProxy() {
		maps.Copy(environment, a.cacheEnvironment())
	}
	var err error
	f.migrating, _, err = f.newFunction(ctx, a, spec{
		suffix: contract.HandlerMigrate, description: "Migrates the database at deploy",
		memoryMB: 256, timeoutSeconds: migrateTimeoutSeconds,
		environment: environment, permissions: a.migratePermissions(),
	})
	if err != nil {
		return err
	}
	available, err := awaitProxy(ctx, a, f.migrating)
	if err != nil {
		return err
	}
	f.migrated, err = runMigration(ctx, a, f.migrating, available)
	f.ready = append(f.ready, f.migrated)
	return err
}

// runMigration invokes the new version of the function migrate whenever the migrations, the code or the user of queries
// change. An error that the function returns fails the update: the alias stays, and the old version continues to serve.
func runMigration(ctx *pulumi.Context, a Args, migrate *lambda.Function, available []pulumi.Resource) (*lambda.Invocation, error) {
	code := map[string]string{
		"migrations": a.Code.MigrationsSHA256,
		"code":       a.Code.SHA256,
	}
	if a.Query != nil {
		code["queryUser"] = a.Query.User
	}
	input, err := json.Marshal(code)
	if err != nil {
		return nil, fmt.Errorf("api: input of the migration: %w", err)
	}
	migrated, err := lambda.NewInvocation(ctx, a.Name+"-migrated", &lambda.InvocationArgs{
		FunctionName:   migrate.Name,
		Qualifier:      migrate.Version,
		Input:          pulumi.String(input),
		Triggers:       pulumi.ToStringMap(code),
		LifecycleScope: pulumi.String("CREATE_ONLY"),
	}, a.Parent, pulumi.DependsOn(slices.Concat(a.After, available)))
	if err != nil {
		return nil, fmt.Errorf("api: migration: %w", err)
	}
	return migrated, nil
}

// proxyWaits is how many invocations wait for the proxy before the migration, which waits too: 45 minutes
// in all.
const proxyWaits = 2

// awaitProxy waits for the capacity of the database's proxy, if there is one. A proxy has no capacity
// (PENDING_PROXY_CAPACITY) until 10 to 15 minutes after its target was registered, longer over a cluster of
// little capacity, and the provider does not wait. One invocation lasts 15 minutes at most, so several
// follow each other; an invocation that ends before the proxy has capacity succeeds. They run again only for
// another target.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
func awaitProxy(ctx *pulumi.Context, a Args, migrate *lambda.Function) ([]pulumi.Resource, error) {
	after := a.After
	if !a.Database.Proxied {
		return after, nil
	}
	for i := range proxyWaits {
		waited, err := lambda.NewInvocation(ctx, a.Name+"-proxy-wait-"+strconv.Itoa(i+1), &lambda.InvocationArgs{
			FunctionName:   migrate.Name,
			Input:          pulumi.String(`{"step":"await"}`),
			Triggers:       pulumi.StringMap{"target": a.Database.ProxyTarget},
			LifecycleScope: pulumi.String("CREATE_ONLY"),
		}, a.Parent, pulumi.DependsOn(after))
		if err != nil {
			return nil, fmt.Errorf("api: wait for the proxy: %w", err)
		}
		after = []pulumi.Resource{waited}
	}
	return after, nil
}

// migratePermissions are what the migrating function may do: read both database secrets and set the
// application user's.
func (a Args) migratePermissions() []policy.Statement {
	read := []pulumi.StringInput{a.Database.MasterSecretARN, a.Database.AppSecretARN}
	if a.Database.restoredBehindProxy() {
		read = append(read, a.Cache.SecretARN)
	}
	return []policy.Statement{
		{Sid: "ReadSecrets", Actions: []string{"secretsmanager:GetSecretValue"}, Resources: read},
		{
			Sid:       "SetApplicationSecret",
			Actions:   []string{"secretsmanager:PutSecretValue"},
			Resources: []pulumi.StringInput{a.Database.AppSecretARN},
		},
		a.keyPermissions("secretsmanager"),
	}
}
