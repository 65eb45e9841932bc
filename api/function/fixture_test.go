package function

import (
	"testing"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const testName = componenttest.Name

// full are the arguments of a stack that has everything.
func full() Args {
	return Args{
		Code:         Code{APIPath: "build.go", OperationsPath: "build_test.go", SHA256: "code-hash", MigrationsSHA256: "migrations-hash"},
		Architecture: "arm64",
		Settings: Settings{
			MemoryMB: 512, TimeoutSeconds: 30, ReservedConcurrency: 100, StreamMaxMB: 16,
			ProvisionedConcurrency: 2, ProvisionedMax: 5, ProvisionedUtilization: 70, Rollout: Canary,
			CacheTTL: "60s", StaleTTL: "10m", NegativeTTL: "5s",
			CORSOrigins: "https://a.example.com,https://b.example.com", Private: true,
			Authorizer: &Authorizer{
				Issuer: "https://issuer.example", Audience: "https://api.example", Algorithm: "ES256", ClockSkew: "30s",
				Scopes: map[string][]string{"GET/books/*": {"books:read"}},
			},
		},
		SubnetIDs: pulumi.ToStringArray([]string{"subnet-1", "subnet-2"}), SecurityGroupID: pulumi.String("sg-1"),
		PermissionsBoundary: pulumi.String("arn:boundary"),
		Database: Database{
			Host: pulumi.String("proxy.host"), Name: pulumi.String("app"),
			AppSecretARN: pulumi.String("arn:app"), MasterSecretARN: pulumi.String("arn:master"),
			Proxied: true, ProxyTarget: pulumi.String("arn:proxy cluster-1"),
		},
		Cache: Cache{
			Address: pulumi.String("cache.host:6379"), SecretARN: pulumi.String("arn:cache"),
			UserID: pulumi.String("cache-app"), UserARN: pulumi.String("arn:user"),
		},
		Query:        &Query{Host: pulumi.String("reader.host"), User: "stack-query", SecurityGroupID: pulumi.String("sg-query")},
		RotationDays: 30,

		Bucket:  Bucket{Name: pulumi.String("files"), ARN: pulumi.String("arn:aws:s3:::files")},
		KeyARNs: []pulumi.StringInput{pulumi.String("arn:key")},
	}
}

// bare are the arguments of a stack with every optional feature off.
func bare() Args {
	args := full()
	args.Settings.ReservedConcurrency, args.Settings.ProvisionedConcurrency, args.Settings.ProvisionedMax = 0, 0, 0
	args.Settings.Rollout, args.Settings.CORSOrigins, args.Settings.Private = AllAtOnce, "", false
	args.RotationDays, args.PermissionsBoundary, args.Query = 0, nil, nil
	return args
}

// build runs the package under mocks.
func build(t *testing.T, args Args) *mocks.Recorder {
	t.Helper()
	return componenttest.Build(t, func(ctx *pulumi.Context, b component.Builder) error {
		args.Builder = b
		_, err := New(ctx, args)
		return err
	})
}
