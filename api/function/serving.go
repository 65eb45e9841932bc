package function

import (
	"maps"
	"strconv"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// servingSuffix is not its handler's name.
const servingSuffix = "function"

// serving is the function that API Gateway invokes.
var serving = declaration{suffix: servingSuffix, create: createServing}

func createServing(ctx *pulumi.Context, a Args, f *Functions) (err error) {
	c := a.Settings
	environment := a.databaseEnvironment()
	maps.Copy(environment, a.cacheEnvironment())
	environment[contract.Bucket] = a.Bucket.Name
	environment[contract.CacheTTL] = pulumi.String(c.CacheTTL)
	environment[contract.StaleTTL] = pulumi.String(c.StaleTTL)
	environment[contract.NegativeTTL] = pulumi.String(c.NegativeTTL)
	environment[contract.StreamMaxMB] = pulumi.String(strconv.Itoa(c.StreamMaxMB))
	environment[contract.MetricsNamespace] = pulumi.String(a.Project + "/function")
	if a.Database.Generation > 1 && !a.Database.Proxied {
		// Without a proxy, versions of the function use different databases while the alias moves, so each has its own entries.
		environment[contract.CacheGeneration] = pulumi.Sprintf("g%d", a.Database.Generation)
	}
	if c.CORSOrigins != "" {
		environment[contract.CORSOrigins] = pulumi.String(c.CORSOrigins)
	}
	if !c.Private {
		environment[contract.RequireAPIKey] = pulumi.String("false") // shared caches may keep what everybody may have
	}
	f.API, f.Log, err = f.newFunction(ctx, a, spec{
		suffix: servingSuffix, description: "Answers the API's requests", handler: contract.HandlerAPI, zip: a.Code.APIPath,
		memoryMB: c.MemoryMB, timeoutSeconds: c.TimeoutSeconds, reserved: c.ReservedConcurrency,
		environment: environment, permissions: a.servingPermissions(),
	})
	return err
}

// databaseEnvironment is the variables of every function that logs in as the application's user.
func (a Args) databaseEnvironment() pulumi.StringMap {
	environment := a.connection(a.Database.Host)
	environment[contract.DBSecret] = a.Database.AppSecretARN
	return environment
}

// connection is the variables of a connection to the database at a host, without credentials.
func (a Args) connection(host pulumi.StringInput) pulumi.StringMap {
	return pulumi.StringMap{
		contract.DBHost:    host,
		contract.DBPort:    pulumi.String("5432"),
		contract.DBName:    a.Database.Name,
		contract.DBSSLMode: pulumi.String("verify-full"),
	}
}

// cacheEnvironment is the variables of every function that uses the cache.
func (a Args) cacheEnvironment() pulumi.StringMap {
	return pulumi.StringMap{
		contract.RedisAddress: a.Cache.Address,
		contract.RedisSecret:  a.Cache.SecretARN,
		contract.RedisTLS:     pulumi.String("true"),
		contract.RedisCluster: pulumi.String("true"),
	}
}

// servingPermissions allow it to read its two secrets, and to read, write and list the bucket.
func (a Args) servingPermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadSecrets",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{a.Database.AppSecretARN, a.Cache.SecretARN},
		},
		{
			Sid:       "Files",
			Actions:   []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", a.Bucket.ARN)},
		},
		{
			// Without it S3 returns 403 for an object that does not exist, and the API could not return 404.
			Sid:       "ListFiles",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{a.Bucket.ARN},
		},
		a.keyPermissions("secretsmanager", "s3"),
	}
}
