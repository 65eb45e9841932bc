package api

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

// functions are the Lambda functions and the alias that API Gateway invokes.
type functions struct {
	api       *lambda.Function
	migrate   *lambda.Function
	rotate    *lambda.Function // nil without rotation
	cacheUser *lambda.Function
	alias     *lambda.Alias
}

// newFunctions creates the functions, migrates the database with one and sets the password of the cache's user with
// another. Then it moves the alias to the new version of the API's function; in a canary the rollout does that.
func newFunctions(ctx *pulumi.Context, s site, l logs) (functions, error) {
	var f functions
	var err error
	if f.api, err = newAPIFunction(ctx, s, l); err != nil {
		return functions{}, err
	}
	if f.migrate, err = newMigrateFunction(ctx, s, l); err != nil {
		return functions{}, err
	}
	available, err := awaitProxy(ctx, s, f.migrate)
	if err != nil {
		return functions{}, err
	}
	migrated, err := runMigration(ctx, s, f.migrate, available)
	if err != nil {
		return functions{}, err
	}
	if f.rotate, err = rotateAppSecret(ctx, s, l, migrated); err != nil {
		return functions{}, err
	}
	var set *lambda.Invocation
	if f.cacheUser, set, err = newCacheUser(ctx, s, l); err != nil {
		return functions{}, err
	}
	ready := []pulumi.Resource{migrated, set}
	warm, err := provisionConcurrency(ctx, s, f.api, ready)
	if err != nil {
		return functions{}, err
	}
	f.alias, err = newAlias(ctx, s, f.api, append(ready, warm...))
	return f, err
}

// names are those of all functions.
func (f functions) names() pulumi.StringArray {
	names := pulumi.StringArray{f.api.Name, f.migrate.Name, f.cacheUser.Name}
	if f.rotate != nil {
		names = append(names, f.rotate.Name)
	}
	return names
}

func newAPIFunction(ctx *pulumi.Context, s site, l logs) (*lambda.Function, error) {
	role, err := newFunctionRole(ctx, s, "function", l.api, s.apiPermissions()...)
	if err != nil {
		return nil, err
	}
	c := s.args.Config
	reserved := c.ReservedConcurrency
	if reserved == 0 {
		reserved = unreserved
	}
	environment := s.databaseEnvironment()
	environment[contract.RedisAddress] = s.args.Cache.Address
	environment[contract.RedisSecret] = s.args.Cache.SecretARN
	environment[contract.RedisTLS] = pulumi.String("true")
	environment[contract.RedisCluster] = pulumi.String("true")
	environment[contract.Bucket] = s.args.Bucket.Name
	environment[contract.CacheTTL] = pulumi.String(c.CacheTTL)
	environment[contract.StaleTTL] = pulumi.String(c.StaleTTL)
	environment[contract.NegativeTTL] = pulumi.String(c.NegativeTTL)
	environment[contract.StreamMaxMB] = pulumi.String(strconv.Itoa(c.StreamMaxMB))
	environment[contract.MetricsNamespace] = pulumi.String(s.project + "/function")
	if len(c.CORSOrigins) > 0 {
		environment[contract.CORSOrigins] = pulumi.String(joinOrigins(c.CORSOrigins))
	}
	if !c.RequireAPIKey {
		environment[contract.RequireAPIKey] = pulumi.String("false") // shared caches may keep what everybody may have
	}
	return newFunction(ctx, s, functionSpec{
		part: "function", description: "Answers the API's requests", handler: contract.HandlerAPI, zip: s.args.Code.APIPath,
		memoryMB: c.MemoryMB, timeoutSeconds: c.TimeoutSeconds, reserved: reserved,
		environment: environment, role: role, log: l.api,
	})
}

func newMigrateFunction(ctx *pulumi.Context, s site, l logs) (*lambda.Function, error) {
	role, err := newFunctionRole(ctx, s, "migrate", l.migrate, s.migratePermissions()...)
	if err != nil {
		return nil, err
	}
	environment := s.databaseEnvironment()
	environment[contract.DBMasterSecret] = s.args.Database.MasterSecretARN
	return newFunction(ctx, s, functionSpec{
		part: "migrate", description: "Migrates the database at deploy", handler: contract.HandlerMigrate, zip: s.args.Code.OperationsPath,
		memoryMB: 256, timeoutSeconds: migrateTimeoutSeconds, reserved: unreserved,
		environment: environment, role: role, log: l.migrate,
	})
}

// databaseEnvironment is the variables of every function that uses the database.
func (s site) databaseEnvironment() pulumi.StringMap {
	return pulumi.StringMap{
		contract.DBHost:    s.args.Database.Host,
		contract.DBPort:    pulumi.String("5432"),
		contract.DBName:    s.args.Database.Name,
		contract.DBSecret:  s.args.Database.AppSecretARN,
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
func newFunction(ctx *pulumi.Context, s site, spec functionSpec) (*lambda.Function, error) {
	var network lambda.FunctionVpcConfigPtrInput
	if !spec.outside {
		network = &lambda.FunctionVpcConfigArgs{
			SubnetIds:        s.args.SubnetIDs,
			SecurityGroupIds: pulumi.StringArray{s.args.SecurityGroupID},
		}
	}
	function, err := lambda.NewFunction(ctx, s.name+"-"+spec.part, &lambda.FunctionArgs{
		Description:                  pulumi.String(spec.description),
		PackageType:                  pulumi.String("Zip"),
		Code:                         pulumi.NewFileArchive(spec.zip),
		Runtime:                      pulumi.String("provided.al2023"),
		Handler:                      pulumi.String(spec.handler),
		Architectures:                pulumi.StringArray{pulumi.String(s.args.Config.Architecture)},
		MemorySize:                   pulumi.Int(spec.memoryMB),
		Timeout:                      pulumi.Int(spec.timeoutSeconds),
		ReservedConcurrentExecutions: pulumi.Int(spec.reserved),
		Role:                         spec.role.role.Arn,
		Publish:                      pulumi.Bool(true),
		Environment:                  &lambda.FunctionEnvironmentArgs{Variables: spec.environment},
		// The code stays with a key of Lambda's: pulumi-aws 6 has no sourceKmsKeyArn (docs/decisions/keys.md).
		KmsKeyArn:        s.args.OperationsKeyARN,
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
	}, s.parent, pulumi.DependsOn([]pulumi.Resource{spec.role.policy}))
	if err != nil {
		return nil, fmt.Errorf("api: function %s: %w", spec.part, err)
	}
	return function, nil
}
