package data

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	engine       = "aurora-postgresql"
	postgresPort = 5432
	// masterUser owns the database; only the migration signs in as it.
	masterUser = "master"
	// slowStatementMillis is what a statement takes at least to be logged.
	slowStatementMillis = "500"
	// backups and maintenance happen at night, one after the other, UTC.
	backupWindow      = "02:00-03:00"
	maintenanceWindow = "sun:03:30-sun:04:30"
)

// database is the cluster with its instances, writer first.
type database struct {
	cluster   *rds.Cluster
	instances []pulumi.Resource
}

// aurora registers a Serverless v2 cluster: engine mode "provisioned" with instances of the class
// db.serverless. The engine mode "serverless" is version 1, which RDS Proxy rejects.
func (d *Data) aurora(ctx *pulumi.Context, name string, args Args, key *kms.Key) (*database, error) {
	subnets, err := rds.NewSubnetGroup(ctx, name+"-database", &rds.SubnetGroupArgs{
		Description: pulumi.String("Where the database lives"),
		SubnetIds:   args.IsolatedSubnetIDs,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the database's subnet group: %w", err)
	}
	family := engine + major(args.Config.Database.Version)
	parameters, err := d.clusterParameters(ctx, name, family)
	if err != nil {
		return nil, err
	}
	cluster, err := d.cluster(ctx, name, args, key, subnets, parameters)
	if err != nil {
		return nil, err
	}
	instances, err := d.instances(ctx, name, args.Config.Database, key, cluster, family)
	if err != nil {
		return nil, err
	}
	return &database{cluster: cluster, instances: instances}, nil
}

// clusterParameters refuses connections without TLS. Another major version has another family, and
// so another group, made before the old one goes.
func (d *Data) clusterParameters(ctx *pulumi.Context, name, family string) (*rds.ClusterParameterGroup, error) {
	group, err := rds.NewClusterParameterGroup(ctx, name+"-cluster", &rds.ClusterParameterGroupArgs{
		Family:      pulumi.String(family),
		Description: pulumi.String("TLS only"),
		Parameters: rds.ClusterParameterGroupParameterArray{
			rds.ClusterParameterGroupParameterArgs{
				Name: pulumi.String("rds.force_ssl"), Value: pulumi.String("1"),
				ApplyMethod: pulumi.String("immediate"),
			},
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the cluster's parameter group: %w", err)
	}
	return group, nil
}

func (d *Data) cluster(ctx *pulumi.Context, name string, args Args, key *kms.Key, subnets *rds.SubnetGroup, parameters *rds.ClusterParameterGroup) (*rds.Cluster, error) {
	c := args.Config.Database
	cluster, err := rds.NewCluster(ctx, name+"-cluster", &rds.ClusterArgs{
		// Without a name of its own a cluster is called tf-<time>.
		ClusterIdentifierPrefix: pulumi.String(name + "-cluster-"),
		Engine:                  pulumi.String(engine),
		EngineMode:              pulumi.String("provisioned"),
		EngineVersion:           pulumi.String(c.Version),
		Serverlessv2ScalingConfiguration: rds.ClusterServerlessv2ScalingConfigurationArgs{
			MinCapacity: pulumi.Float64(c.MinCapacity), MaxCapacity: pulumi.Float64(c.MaxCapacity),
		},
		DatabaseName:                pulumi.String(c.Name),
		Port:                        pulumi.Int(postgresPort),
		DbSubnetGroupName:           subnets.Name,
		DbClusterParameterGroupName: parameters.Name,
		VpcSecurityGroupIds:         pulumi.StringArray{args.ClusterSecurityGroupID},

		MasterUsername:                   pulumi.String(masterUser),
		ManageMasterUserPassword:         pulumi.Bool(true),
		MasterUserSecretKmsKeyId:         key.Arn,
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		StorageEncrypted:                 pulumi.Bool(true),
		KmsKeyId:                         key.Arn,

		BackupRetentionPeriod:        pulumi.Int(c.BackupDays),
		PreferredBackupWindow:        pulumi.String(backupWindow),
		PreferredMaintenanceWindow:   pulumi.String(maintenanceWindow),
		CopyTagsToSnapshot:           pulumi.Bool(true),
		DeletionProtection:           pulumi.Bool(args.Config.Protect),
		SkipFinalSnapshot:            pulumi.Bool(!c.FinalSnapshot),
		FinalSnapshotIdentifier:      finalSnapshot(name, c, key),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray([]string{"postgresql"}),
	}, pulumi.Parent(d), pulumi.Protect(args.Config.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the cluster: %w", err)
	}
	return cluster, nil
}

// finalSnapshot names the snapshot of a deleted cluster. The key's id sets it apart from the one
// that an earlier cluster of the same stack left behind, whose name AWS would refuse.
func finalSnapshot(name string, c Database, key *kms.Key) pulumi.StringPtrInput {
	if !c.FinalSnapshot {
		return nil
	}
	return key.KeyId.ApplyT(func(id string) string {
		return name + "-final-" + id[:min(8, len(id))]
	}).(pulumi.StringOutput)
}

// instances registers the writer and the readers. All have one of the two first promotion tiers, so
// that a reader is as large as the writer when it has to take over. Minor versions come by config
// and through the pipeline: an upgrade behind its back would read as a downgrade on the next update.
func (d *Data) instances(ctx *pulumi.Context, name string, c Database, key *kms.Key, cluster *rds.Cluster, family string) ([]pulumi.Resource, error) {
	parameters, err := rds.NewParameterGroup(ctx, name+"-instance", &rds.ParameterGroupArgs{
		Family:      pulumi.String(family),
		Description: pulumi.String("Slow statements are logged"),
		Parameters: rds.ParameterGroupParameterArray{
			rds.ParameterGroupParameterArgs{
				Name: pulumi.String("log_min_duration_statement"), Value: pulumi.String(slowStatementMillis),
				ApplyMethod: pulumi.String("immediate"),
			},
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the instances' parameter group: %w", err)
	}
	var instances []pulumi.Resource
	for i := range 1 + c.Readers {
		part := fmt.Sprintf("%s-instance-%d", name, i+1)
		instance, err := rds.NewClusterInstance(ctx, part, &rds.ClusterInstanceArgs{
			IdentifierPrefix:                   pulumi.String(part + "-"),
			ClusterIdentifier:                  cluster.ID(),
			Engine:                             pulumi.String(engine),
			EngineVersion:                      cluster.EngineVersion,
			InstanceClass:                      pulumi.String("db.serverless"),
			DbParameterGroupName:               parameters.Name,
			PromotionTier:                      pulumi.Int(min(i, 1)),
			PubliclyAccessible:                 pulumi.Bool(false),
			AutoMinorVersionUpgrade:            pulumi.Bool(false),
			PerformanceInsightsEnabled:         pulumi.Bool(true),
			PerformanceInsightsKmsKeyId:        key.Arn,
			PerformanceInsightsRetentionPeriod: pulumi.Int(c.InsightsDays),
		}, pulumi.Parent(d))
		if err != nil {
			return nil, fmt.Errorf("register instance %d: %w", i+1, err)
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

// major is the part of a version before its first dot.
func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}
