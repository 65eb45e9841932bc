package function

import (
	"fmt"
	"strconv"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// migrateTimeoutSeconds bounds a migration and each wait for the proxy, the longest that Lambda allows: a
// large table takes its time, and there is no second try. The provider sets no bound of its own to an
// invocation (CreateWithoutTimeout), nor does its HTTP client, whose TCP keep-alives hold the connection.
const migrateTimeoutSeconds = 900

// Functions are the Lambda functions and the alias that API Gateway invokes.
type Functions struct {
	API       *lambda.Function
	Migrate   *lambda.Function
	Rotate    *lambda.Function // nil without rotation
	CacheUser *lambda.Function
	Alias     *lambda.Alias
	// Log is the log group of API.
	Log *cloudwatch.LogGroup
}

// New creates the functions, migrates the database with one and sets the password of the cache's user with
// another. Then it moves the alias to the new version of the API's function; in a canary the rollout does that.
func New(ctx *pulumi.Context, a Args) (Functions, error) {
	var f Functions
	var err error
	if f.API, f.Log, err = newAPIFunction(ctx, a); err != nil {
		return Functions{}, err
	}
	if f.Migrate, err = newMigrateFunction(ctx, a); err != nil {
		return Functions{}, err
	}
	available, err := awaitProxy(ctx, a, f.Migrate)
	if err != nil {
		return Functions{}, err
	}
	migrated, err := runMigration(ctx, a, f.Migrate, available)
	if err != nil {
		return Functions{}, err
	}
	if f.Rotate, err = rotateAppSecret(ctx, a, migrated); err != nil {
		return Functions{}, err
	}
	var set *lambda.Invocation
	if f.CacheUser, set, err = newCacheUser(ctx, a); err != nil {
		return Functions{}, err
	}
	ready := []pulumi.Resource{migrated, set}
	warm, err := provisionConcurrency(ctx, a, f.API, ready)
	if err != nil {
		return Functions{}, err
	}
	f.Alias, err = newAlias(ctx, a, f.API, append(ready, warm...))
	return f, err
}

// Names are those of all functions.
func (f Functions) Names() pulumi.StringArray {
	names := pulumi.StringArray{f.API.Name, f.Migrate.Name, f.CacheUser.Name}
	if f.Rotate != nil {
		names = append(names, f.Rotate.Name)
	}
	return names
}

func newAPIFunction(ctx *pulumi.Context, a Args) (*lambda.Function, *cloudwatch.LogGroup, error) {
	log, err := a.NewLogGroup(ctx, "function", nil)
	if err != nil {
		return nil, nil, err
	}
	role, err := newFunctionRole(ctx, a, "function", log, a.apiPermissions()...)
	if err != nil {
		return nil, nil, err
	}
	c := a.Settings
	reserved := c.ReservedConcurrency
	if reserved == 0 {
		reserved = unreserved
	}
	environment := a.databaseEnvironment()
	environment[contract.RedisAddress] = a.Cache.Address
	environment[contract.RedisSecret] = a.Cache.SecretARN
	environment[contract.RedisTLS] = pulumi.String("true")
	environment[contract.RedisCluster] = pulumi.String("true")
	environment[contract.Bucket] = a.Bucket.Name
	environment[contract.CacheTTL] = pulumi.String(c.CacheTTL)
	environment[contract.StaleTTL] = pulumi.String(c.StaleTTL)
	environment[contract.NegativeTTL] = pulumi.String(c.NegativeTTL)
	environment[contract.StreamMaxMB] = pulumi.String(strconv.Itoa(c.StreamMaxMB))
	environment[contract.MetricsNamespace] = pulumi.String(a.Project + "/function")
	if c.CORSOrigins != "" {
		environment[contract.CORSOrigins] = pulumi.String(c.CORSOrigins)
	}
	if !c.RequireAPIKey {
		environment[contract.RequireAPIKey] = pulumi.String("false") // shared caches may keep what everybody may have
	}
	function, err := newFunction(ctx, a, functionSpec{
		part: "function", description: "Answers the API's requests", handler: contract.HandlerAPI, zip: a.Code.APIPath,
		memoryMB: c.MemoryMB, timeoutSeconds: c.TimeoutSeconds, reserved: reserved,
		environment: environment, role: role, log: log,
	})
	return function, log, err
}

func newMigrateFunction(ctx *pulumi.Context, a Args) (*lambda.Function, error) {
	log, err := a.NewLogGroup(ctx, "migrate", nil)
	if err != nil {
		return nil, err
	}
	role, err := newFunctionRole(ctx, a, "migrate", log, a.migratePermissions()...)
	if err != nil {
		return nil, err
	}
	environment := a.databaseEnvironment()
	environment[contract.DBMasterSecret] = a.Database.MasterSecretARN
	return newFunction(ctx, a, functionSpec{
		part: "migrate", description: "Migrates the database at deploy", handler: contract.HandlerMigrate, zip: a.Code.OperationsPath,
		memoryMB: 256, timeoutSeconds: migrateTimeoutSeconds, reserved: unreserved,
		environment: environment, role: role, log: log,
	})
}

// databaseEnvironment is the variables of every function that uses the database.
func (a Args) databaseEnvironment() pulumi.StringMap {
	return pulumi.StringMap{
		contract.DBHost:    a.Database.Host,
		contract.DBPort:    pulumi.String("5432"),
		contract.DBName:    a.Database.Name,
		contract.DBSecret:  a.Database.AppSecretARN,
		contract.DBSSLMode: pulumi.String("verify-full"),
	}
}

// unreserved is Lambda's value for a function that shares the account's concurrency.
const unreserved = -1

// functionSpec is what differs between functions.
type functionSpec struct {
	part, description, handler string
	zip                        string // path of the code
	memoryMB, timeoutSeconds   int
	reserved                   int
	outside                    bool // of the VPC
	environment                pulumi.StringMap
	role                       executionRole
	log                        *cloudwatch.LogGroup
}

// newFunction creates a function from built code and publishes a version of it.
func newFunction(ctx *pulumi.Context, a Args, spec functionSpec) (*lambda.Function, error) {
	var network lambda.FunctionVpcConfigPtrInput
	if !spec.outside {
		network = &lambda.FunctionVpcConfigArgs{
			SubnetIds:        a.SubnetIDs,
			SecurityGroupIds: pulumi.StringArray{a.SecurityGroupID},
		}
	}
	function, err := lambda.NewFunction(ctx, a.Name+"-"+spec.part, &lambda.FunctionArgs{
		Description:                  pulumi.String(spec.description),
		PackageType:                  pulumi.String("Zip"),
		Code:                         pulumi.NewFileArchive(spec.zip),
		Runtime:                      pulumi.String("provided.al2023"),
		Handler:                      pulumi.String(spec.handler),
		Architectures:                pulumi.StringArray{pulumi.String(a.Architecture)},
		MemorySize:                   pulumi.Int(spec.memoryMB),
		Timeout:                      pulumi.Int(spec.timeoutSeconds),
		ReservedConcurrentExecutions: pulumi.Int(spec.reserved),
		Role:                         spec.role.role.Arn,
		Publish:                      pulumi.Bool(true),
		Environment:                  &lambda.FunctionEnvironmentArgs{Variables: spec.environment},
		// The code stays with a key of Lambda's: pulumi-aws 6 has no sourceKmsKeyArn (docs/decisions/keys.md).
		KmsKeyArn:        a.KeyARN,
		EphemeralStorage: &lambda.FunctionEphemeralStorageArgs{Size: pulumi.Int(512)},
		TracingConfig:    &lambda.FunctionTracingConfigArgs{Mode: pulumi.String("Active")},
		LoggingConfig: &lambda.FunctionLoggingConfigArgs{
			LogFormat: pulumi.String("JSON"),
			LogGroup:  spec.log.Name,
			// AWS's defaults. Left out, the provider finds a change in every preview of a function
			// that logs JSON and is published (hashicorp/terraform-provider-aws#42660).
			ApplicationLogLevel: pulumi.String("INFO"),
			SystemLogLevel:      pulumi.String("INFO"),
		},
		VpcConfig: network,
	}, a.Parent, pulumi.DependsOn([]pulumi.Resource{spec.role.policy}))
	if err != nil {
		return nil, fmt.Errorf("api: function %s: %w", spec.part, err)
	}
	return function, nil
}
