package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":data:Data" }

// Args are the component's inputs.
type Args struct {
	Config Config

	// DataKeyARN is the key of cluster, cache and files, OperationsKeyARN that of secrets and logs.
	DataKeyARN       pulumi.StringOutput
	OperationsKeyARN pulumi.StringOutput
	// IsolatedSubnetIDs hold cluster, cache and proxy.
	IsolatedSubnetIDs pulumi.StringArrayInput
	// The groups of the proxy, the cluster and the cache.
	ProxySecurityGroupID   pulumi.StringInput
	ClusterSecurityGroupID pulumi.StringInput
	CacheSecurityGroupID   pulumi.StringInput
	// Origins are those whose pages may send files to the bucket and fetch them from it, or "*" alone;
	// none: no page may.
	Origins []string
	// Copies are of the other region; without its provider there are none.
	Copies CopiesArgs
	// PermissionsBoundary is the permissions boundary of the component's roles; nil: none.
	PermissionsBoundary pulumi.StringPtrInput
}

// Data is the component with its outputs.
type Data struct {
	pulumi.ResourceState

	// DatabaseHost is where the functions connect to: the proxy's endpoint, or without a proxy the
	// cluster's. The port is 5432.
	DatabaseHost pulumi.StringOutput `pulumi:"databaseHost"`
	// ReaderHost is the cluster's endpoint of readers; without any, the writer's.
	ReaderHost   pulumi.StringOutput `pulumi:"readerHost"`
	DatabaseName pulumi.StringOutput `pulumi:"databaseName"`
	// ProxyTarget names the proxy and the cluster behind it, each by an identifier that is never used again;
	// empty without a proxy.
	ProxyTarget pulumi.StringOutput `pulumi:"proxyTarget"`
	// AppSecretARN is the application user's secret, filled by the migration;
	// MasterSecretARN the cluster's own, created by RDS.
	AppSecretARN    pulumi.StringOutput `pulumi:"appSecretArn"`
	MasterSecretARN pulumi.StringOutput `pulumi:"masterSecretArn"`
	// CacheAddress is the cache's configuration endpoint as host:port.
	CacheAddress pulumi.StringOutput `pulumi:"cacheAddress"`
	// CacheUserID and CacheUserARN are the application's user in the cache; its secret is filled by the
	// function that changes its password, which gives it its first one.
	CacheUserID    pulumi.StringOutput `pulumi:"cacheUserId"`
	CacheUserARN   pulumi.StringOutput `pulumi:"cacheUserArn"`
	CacheSecretARN pulumi.StringOutput `pulumi:"cacheSecretArn"`
	BucketName     pulumi.StringOutput `pulumi:"bucketName"`
	BucketARN      pulumi.StringOutput `pulumi:"bucketArn"`
	// CopiesBucketName and CopiesVaultName are the bucket and the vault in the other region; empty without copies.
	CopiesBucketName pulumi.StringOutput `pulumi:"copiesBucketName"`
	CopiesVaultName  pulumi.StringOutput `pulumi:"copiesVaultName"`

	// What alarms and dashboards name. ProxyName is empty without a proxy.
	ClusterIdentifier pulumi.StringOutput `pulumi:"clusterIdentifier"`
	ProxyName         pulumi.StringOutput `pulumi:"proxyName"`
	// CacheMembers are the names of the cache's nodes.
	CacheMembers pulumi.StringArrayOutput `pulumi:"cacheMembers"`
}

// New creates the component. It rejects an invalid Config before it registers anything.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Data, error) {
	if err := config.Check("data", args.Config); err != nil {
		return nil, err
	}
	d := &Data{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, d, opts...); err != nil {
		return nil, fmt.Errorf("register the data component: %w", err)
	}
	cluster, err := d.newDatabase(ctx, name, args)
	if err != nil {
		return nil, err
	}
	if err := d.newCache(ctx, name, args); err != nil {
		return nil, err
	}
	bucket, err := d.bucket(ctx, name, args)
	if err != nil {
		return nil, err
	}
	d.BucketName, d.BucketARN = bucket.Bucket, bucket.Arn
	if err := d.copies(ctx, name, args, bucket, cluster); err != nil {
		return nil, err
	}

	return d, ctx.RegisterResourceOutputs(d, pulumi.Map{
		"databaseHost":      d.DatabaseHost,
		"readerHost":        d.ReaderHost,
		"proxyTarget":       d.ProxyTarget,
		"databaseName":      d.DatabaseName,
		"appSecretArn":      d.AppSecretARN,
		"masterSecretArn":   d.MasterSecretARN,
		"cacheAddress":      d.CacheAddress,
		"cacheUserId":       d.CacheUserID,
		"cacheUserArn":      d.CacheUserARN,
		"cacheSecretArn":    d.CacheSecretARN,
		"bucketName":        d.BucketName,
		"bucketArn":         d.BucketARN,
		"copiesBucketName":  d.CopiesBucketName,
		"copiesVaultName":   d.CopiesVaultName,
		"clusterIdentifier": d.ClusterIdentifier,
		"proxyName":         d.ProxyName,
		"cacheMembers":      d.CacheMembers,
	})
}

// newDatabase registers the cluster, its secrets and the proxy, if there is one, and sets their outputs.
func (d *Data) newDatabase(ctx *pulumi.Context, name string, args Args) (*rds.Cluster, error) {
	db, err := d.aurora(ctx, name, args)
	if err != nil {
		return nil, err
	}
	app, err := d.appSecret(ctx, name, args)
	if err != nil {
		return nil, err
	}
	d.AppSecretARN = app.Arn
	d.MasterSecretARN = db.cluster.MasterUserSecrets.ApplyT(masterSecretARN).(pulumi.StringOutput)
	none := pulumi.String("").ToStringOutput()
	d.DatabaseHost, d.ProxyName, d.ProxyTarget = after(db.instances, db.cluster.Endpoint), none, none
	// Without a dependency on the instances: an added reader would otherwise update the function that has the address.
	d.ReaderHost = db.cluster.Endpoint
	if args.Config.Database.Readers > 0 {
		d.ReaderHost = db.cluster.ReaderEndpoint
	}
	if args.Config.Proxy.Enabled {
		connection, err := d.proxy(ctx, name, args, db, []pulumi.StringOutput{d.MasterSecretARN, d.AppSecretARN})
		if err != nil {
			return nil, err
		}
		d.DatabaseHost, d.ProxyName, d.ProxyTarget = connection.endpoint, connection.proxyName, connection.target
	}
	d.DatabaseName = db.cluster.DatabaseName
	d.ClusterIdentifier = db.cluster.ClusterIdentifier
	return db.cluster, nil
}

// newCache registers the cache, its users and their secret, and sets their outputs.
func (d *Data) newCache(ctx *pulumi.Context, name string, args Args) error {
	secret, err := d.cacheSecret(ctx, name, args)
	if err != nil {
		return err
	}
	user, users, err := d.cacheUsers(ctx, name, secret)
	if err != nil {
		return err
	}
	group, err := d.redis(ctx, name, args, users)
	if err != nil {
		return err
	}
	d.CacheSecretARN = secret.Arn
	d.CacheUserID, d.CacheUserARN = user.UserId, user.Arn
	d.CacheAddress = pulumi.Sprintf("%s:%d", group.ConfigurationEndpointAddress, redisPort)
	d.CacheMembers = group.MemberClusters
	return nil
}

// masterSecretARN is the secret that RDS creates. An update of other resources alone (--target) has no
// cluster and so no secret.
func masterSecretARN(all []rds.ClusterMasterUserSecret) string {
	if len(all) == 0 || all[0].SecretArn == nil {
		return ""
	}
	return *all[0].SecretArn
}
