package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/elasticache"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	redisPort = 6379
	// Snapshots and maintenance at night, after the database's backup, UTC.
	cacheSnapshotWindow    = "04:00-05:00"
	cacheMaintenanceWindow = "sun:05:30-sun:06:30"
)

// redis registers the replication group, of Redis or Valkey, in cluster mode, which its parameter
// group enables, whatever the number of shards: one shard grows to three without a change in clients.
// Cluster mode requires automatic failover to be enabled even where there is no replica to fail over to.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
// Changes are applied immediately, before the update ends. Minor versions change by configuration: after an
// automatic upgrade, the next update would be a downgrade, which replaces the group.
func (d *Data) redis(ctx *pulumi.Context, name string, args Args, users *elasticache.UserGroup) (*elasticache.ReplicationGroup, error) {
	c := args.Config.Cache
	subnets, err := d.cacheSubnets(ctx, name, args.IsolatedSubnetIDs)
	if err != nil {
		return nil, err
	}
	parameters, err := d.cacheParameters(ctx, name, c)
	if err != nil {
		return nil, err
	}
	logs, err := d.cacheLogs(ctx, name, args)
	if err != nil {
		return nil, err
	}
	group, err := elasticache.NewReplicationGroup(ctx, name+"-cache", &elasticache.ReplicationGroupArgs{
		Description:              pulumi.String("The cache of " + ctx.Project() + " " + ctx.Stack()),
		Engine:                   pulumi.String(c.Engine),
		EngineVersion:            pulumi.String(c.Version),
		NodeType:                 pulumi.String(c.NodeType),
		NumNodeGroups:            pulumi.Int(c.Shards),
		ReplicasPerNodeGroup:     pulumi.Int(c.Replicas),
		AutomaticFailoverEnabled: pulumi.Bool(true),
		MultiAzEnabled:           pulumi.Bool(c.Replicas > 0),
		ParameterGroupName:       parameters.Name,
		SubnetGroupName:          subnets.Name,
		SecurityGroupIds:         pulumi.StringArray{args.CacheSecurityGroupID},
		Port:                     pulumi.Int(redisPort),

		TransitEncryptionEnabled:  pulumi.Bool(true),
		UserGroupIds:              pulumi.StringArray{users.UserGroupId},
		AtRestEncryptionEnabled:   pulumi.Bool(true),
		KmsKeyId:                  args.DataKeyARN,
		LogDeliveryConfigurations: logs,

		SnapshotRetentionLimit:  pulumi.Int(c.SnapshotDays),
		SnapshotWindow:          pulumi.String(cacheSnapshotWindow),
		MaintenanceWindow:       pulumi.String(cacheMaintenanceWindow),
		AutoMinorVersionUpgrade: pulumi.Bool(false),
		ApplyImmediately:        pulumi.Bool(true),
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

// cacheParameters evicts the least frequently used keys when memory is full: in a cache every key may be
// evicted, with or without a lifetime. The group is named by its family: another engine or major
// version has another group, created before the old one is deleted.
func (d *Data) cacheParameters(ctx *pulumi.Context, name string, c Cache) (*elasticache.ParameterGroup, error) {
	parameter := func(name, value string) elasticache.ParameterGroupParameterArgs {
		return elasticache.ParameterGroupParameterArgs{Name: pulumi.String(name), Value: pulumi.String(value)}
	}
	group, err := elasticache.NewParameterGroup(ctx, name+"-cache-"+c.family(), &elasticache.ParameterGroupArgs{
		Family:      pulumi.String(c.family()),
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

// cacheLogs registers a log group for both logs that the engine has: what is slow and what happens.
func (d *Data) cacheLogs(ctx *pulumi.Context, name string, args Args) (elasticache.ReplicationGroupLogDeliveryConfigurationArray, error) {
	group, err := d.logGroup(ctx, name+"-cache", args, nil)
	if err != nil {
		return nil, err
	}
	var logs elasticache.ReplicationGroupLogDeliveryConfigurationArray
	for _, kind := range []string{"engine-log", "slow-log"} {
		logs = append(logs, elasticache.ReplicationGroupLogDeliveryConfigurationArgs{
			Destination:     group.Name,
			DestinationType: pulumi.String("cloudwatch-logs"),
			LogFormat:       pulumi.String("json"),
			LogType:         pulumi.String(kind),
		})
	}
	return logs, nil
}
