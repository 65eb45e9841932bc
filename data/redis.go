package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	redisPort = 6379
	// Snapshots and maintenance at night, after the database's, UTC.
	cacheSnapshotWindow    = "04:00-05:00"
	cacheMaintenanceWindow = "sun:05:30-sun:06:30"
)

// redis registers the replication group in cluster mode, which its parameter group turns on,
// whatever the number of shards: one shard grows to three without a client noticing.
func (d *Data) redis(ctx *pulumi.Context, name string, args Args, key *kms.Key, token pulumi.StringOutput) (*elasticache.ReplicationGroup, error) {
	c := args.Config.Cache
	subnets, err := d.cacheSubnets(ctx, name, args.IsolatedSubnetIDs)
	if err != nil {
		return nil, err
	}
	parameters, err := d.cacheParameters(ctx, name, c)
	if err != nil {
		return nil, err
	}
	replicated := pulumi.Bool(c.Replicas > 0)
	group, err := elasticache.NewReplicationGroup(ctx, name+"-cache", &elasticache.ReplicationGroupArgs{
		Description:              pulumi.String("The cache of " + ctx.Project() + " " + ctx.Stack()),
		Engine:                   pulumi.String("redis"),
		EngineVersion:            pulumi.String(c.Version),
		NodeType:                 pulumi.String(c.NodeType),
		NumNodeGroups:            pulumi.Int(c.Shards),
		ReplicasPerNodeGroup:     pulumi.Int(c.Replicas),
		AutomaticFailoverEnabled: replicated,
		MultiAzEnabled:           replicated,
		ParameterGroupName:       parameters.Name,
		SubnetGroupName:          subnets.Name,
		SecurityGroupIds:         pulumi.StringArray{args.CacheSecurityGroupID},
		Port:                     pulumi.Int(redisPort),

		TransitEncryptionEnabled: pulumi.Bool(true),
		AuthToken:                token,
		AtRestEncryptionEnabled:  pulumi.Bool(true),
		KmsKeyId:                 key.Arn,

		SnapshotRetentionLimit:  pulumi.Int(c.SnapshotDays),
		SnapshotWindow:          pulumi.String(cacheSnapshotWindow),
		MaintenanceWindow:       pulumi.String(cacheMaintenanceWindow),
		AutoMinorVersionUpgrade: pulumi.Bool(true),
	}, pulumi.Parent(d), pulumi.Protect(args.Config.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the cache: %w", err)
	}
	return group, nil
}

func (d *Data) cacheSubnets(ctx *pulumi.Context, name string, ids pulumi.StringArrayInput) (*elasticache.SubnetGroup, error) {
	group, err := elasticache.NewSubnetGroup(ctx, name+"-cache", &elasticache.SubnetGroupArgs{
		Description: pulumi.String("Where the cache lives"),
		SubnetIds:   ids,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the cache's subnet group: %w", err)
	}
	return group, nil
}

// cacheParameters makes room by dropping the keys that are least often used: in a cache every key
// may go, with or without a lifetime.
func (d *Data) cacheParameters(ctx *pulumi.Context, name string, c Cache) (*elasticache.ParameterGroup, error) {
	parameter := func(name, value string) elasticache.ParameterGroupParameterArgs {
		return elasticache.ParameterGroupParameterArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
	}
	group, err := elasticache.NewParameterGroup(ctx, name+"-cache", &elasticache.ParameterGroupArgs{
		Family:      pulumi.String("redis" + major(c.Version)),
		Description: pulumi.String("Cluster mode, least frequently used keys go first"),
		Parameters: elasticache.ParameterGroupParameterArray{
			parameter("cluster-enabled", "yes"),
			parameter("maxmemory-policy", "allkeys-lfu"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the cache's parameter group: %w", err)
	}
	return group, nil
}
