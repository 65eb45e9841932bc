package function

import (
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are what the functions need of the stack and of other components.
type Args struct {
	component.Builder

	// Code is the functions, built by Build for the Architecture.
	Code         Code
	Architecture string
	// Settings are of the function that serves requests.
	Settings Settings

	// SubnetIDs and SecurityGroupID are where the functions run.
	SubnetIDs       pulumi.StringArrayInput
	SecurityGroupID pulumi.StringInput
	// PermissionsBoundary is the policy of every role; nil: none.
	PermissionsBoundary pulumi.StringPtrInput

	Database Database
	Cache    Cache
	Bucket   Bucket
	// Query is how operators' queries reach the database; nil: the stack runs none.
	Query *Query
	// RotationDays is how often the passwords of the application's users are changed, in days; 0: never.
	RotationDays int
	// KeyARNs are the keys that the secrets and the bucket's objects are encrypted with.
	KeyARNs []pulumi.StringInput

	// After are the resources that must exist before the database can be migrated.
	After []pulumi.Resource
}

// Settings are the stack's configuration of the function that serves requests; docs/reference/configuration.md has each key.
type Settings struct {
	MemoryMB, TimeoutSeconds                                       int
	ReservedConcurrency                                            int
	ProvisionedConcurrency, ProvisionedMax, ProvisionedUtilization int
	// Rollout is AllAtOnce or Canary.
	Rollout                         string
	CacheTTL, StaleTTL, NegativeTTL string
	StreamMaxMB                     int
	// CORSOrigins are the allowed origins, joined by commas; empty: no CORS.
	CORSOrigins string
	// Private is whether responses are for their client alone.
	Private bool
	// Authorizer are the settings of the function that checks tokens; nil: the stack requires none.
	Authorizer *Authorizer
}

// Authorizer is what a token must be.
type Authorizer struct {
	Issuer, Audience, Algorithm, ClockSkew string
	// Scopes are those that each operation needs, by its part of an execute-api ARN ("GET/items/*").
	Scopes map[string][]string
}

// Database is how functions reach the database.
type Database struct {
	Host            pulumi.StringInput
	Name            pulumi.StringInput
	AppSecretARN    pulumi.StringInput
	MasterSecretARN pulumi.StringInput
	// Proxied is whether Host is RDS Proxy's.
	Proxied bool
	// ProxyTarget identifies the cluster behind the proxy: whenever it is another one, the migration
	// waits for the proxy's capacity.
	ProxyTarget pulumi.StringInput
	// Generation is the number of the database; after the first one it is restored.
	Generation int
}

// restoredBehindProxy is whether the database was restored, at the address that the one before it had: the
// functions' environment is the same, and so are their keys in the cache.
func (d Database) restoredBehindProxy() bool { return d.Proxied && d.Generation > 1 }

// Cache is how functions reach the cache; api.Cache has the same fields, and those that only monitoring needs.
type Cache struct {
	// Address is the configuration endpoint, host:port.
	Address   pulumi.StringInput
	SecretARN pulumi.StringInput
	// UserID and UserARN are the user whose password the secret has.
	UserID  pulumi.StringInput
	UserARN pulumi.StringInput
}

// Bucket is the bucket of files, as api.Bucket.
type Bucket struct {
	Name pulumi.StringInput
	ARN  pulumi.StringInput
}

// Query is how operators' queries reach the database.
type Query struct {
	// Host is a reader's, if the cluster has any.
	Host            pulumi.StringInput
	User            string
	SecurityGroupID pulumi.StringInput
}
