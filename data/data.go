package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type.
const Token = "didomi:data:Data"

// Args are what the room is built from.
type Args struct {
	Config Config

	// IsolatedSubnetIDs hold cluster, cache and proxy.
	IsolatedSubnetIDs pulumi.StringArrayInput
	// The groups of the proxy, the cluster and the cache.
	ProxySecurityGroupID   pulumi.StringInput
	ClusterSecurityGroupID pulumi.StringInput
	CacheSecurityGroupID   pulumi.StringInput
}

// Data is the room as the others see it.
type Data struct {
	pulumi.ResourceState

	// ProxyEndpoint and ReadOnlyEndpoint are host names; the port is 5432. Without readers both
	// are the same.
	ProxyEndpoint    pulumi.StringOutput `pulumi:"proxyEndpoint"`
	ReadOnlyEndpoint pulumi.StringOutput `pulumi:"readOnlyEndpoint"`
	DatabaseName     pulumi.StringOutput `pulumi:"databaseName"`
	// AppSecretARN is the application user's secret, filled by the migration;
	// MasterSecretARN the cluster's own, made by RDS.
	AppSecretARN    pulumi.StringOutput `pulumi:"appSecretArn"`
	MasterSecretARN pulumi.StringOutput `pulumi:"masterSecretArn"`
	// CacheAddress is the cache's configuration endpoint as host:port.
	CacheAddress   pulumi.StringOutput `pulumi:"cacheAddress"`
	CacheSecretARN pulumi.StringOutput `pulumi:"cacheSecretArn"`
	BucketName     pulumi.StringOutput `pulumi:"bucketName"`
	BucketARN      pulumi.StringOutput `pulumi:"bucketArn"`
	// KeyARN is the key that encrypts all of the above.
	KeyARN pulumi.StringOutput `pulumi:"keyArn"`

	// What alarms and dashboards name.
	ClusterIdentifier  pulumi.StringOutput `pulumi:"clusterIdentifier"`
	ProxyName          pulumi.StringOutput `pulumi:"proxyName"`
	ReplicationGroupID pulumi.StringOutput `pulumi:"replicationGroupId"`
}

// New builds the room. It refuses a Config with problems before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Data, error) {
	if err := config.Check("data", args.Config); err != nil {
		return nil, err
	}
	d := &Data{}
	if err := ctx.RegisterComponentResource(Token, name, d, opts...); err != nil {
		return nil, fmt.Errorf("register the data room: %w", err)
	}
	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{})
}
