package api

import (
	"github.com/didomi/serverless-api/api/function"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are the stack's settings and the outputs of other components that the component uses.
type Args struct {
	Config Config
	// Stage names the API's stage.
	Stage string
	// Code is the functions, built by function.Build.
	Code function.Code

	// SubnetIDs and SecurityGroupID are where the function runs.
	SubnetIDs       pulumi.StringArrayInput
	SecurityGroupID pulumi.StringInput
	// PermissionsBoundary is the policy of every role of the component; nil: none.
	PermissionsBoundary pulumi.StringPtrInput
	// LogRoleARN is the role that API Gateway writes logs with (LogRole); empty: the account has none, and New fails.
	LogRoleARN pulumi.StringInput

	Database Database
	Cache    Cache
	Bucket   Bucket
	// Copies are those of files and database in another region, which are watched; nil: there are none.
	Copies *Copies
	// Query is how operators' queries reach the database; nil: the stack runs none.
	Query *function.Query
	// RotationDays is how often the passwords of the application's users are changed, in days; 0: never.
	RotationDays int
	// KeyARNs are the keys that the secrets and the bucket's objects are encrypted with.
	KeyARNs []pulumi.StringInput
	// OperationsKeyARN is the key of logs, of the alarms' topics and of the functions' environments.
	OperationsKeyARN pulumi.StringPtrInput

	Domain Domain

	// After are the resources that must exist before the database can be migrated.
	After []pulumi.Resource
}

// Database is how the function reaches the items, and what there is to watch.
type Database struct {
	Host            pulumi.StringInput
	Name            pulumi.StringInput
	AppSecretARN    pulumi.StringInput
	MasterSecretARN pulumi.StringInput

	// Proxied is whether Host is RDS Proxy's, of that name.
	Proxied bool
	// ProxyTarget identifies the cluster behind the proxy: whenever it is another one, the migration
	// waits for the proxy's capacity.
	ProxyTarget       pulumi.StringInput
	ProxyName         pulumi.StringInput
	ClusterIdentifier pulumi.StringInput
	// Generation is the number of the database; after the first one it is restored.
	Generation int
	// Readers is the number of instances next to the writer.
	Readers int
	// Pauses is whether the instances pause without connections.
	Pauses bool
}

// Cache is how the function reaches the cache, and what there is to watch.
type Cache struct {
	// Address is the configuration endpoint, host:port.
	Address   pulumi.StringInput
	SecretARN pulumi.StringInput
	// UserID and UserARN are the user whose password the secret has.
	UserID  pulumi.StringInput
	UserARN pulumi.StringInput

	// Members are the names of the nodes, of which there are Nodes.
	Members pulumi.StringArrayInput
	Nodes   int
}

// Bucket holds the files.
type Bucket struct {
	Name pulumi.StringInput
	ARN  pulumi.StringInput
}

// Copies are the bucket of the copied files, the rule that replicates them, and the vault of the copied snapshots.
type Copies struct{ Bucket, RuleID, Vault pulumi.StringInput }

// Domain is the host name of the API. Without delegation there is none.
type Domain struct {
	Delegated      bool
	HostName       string
	ZoneID         pulumi.StringInput
	CertificateARN pulumi.StringInput
}
