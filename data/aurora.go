package data

import (
	"fmt"
	"strings"
	"time"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	engine       = "aurora-postgresql"
	postgresPort = 5432
	// exportedLog is the log of statements and errors; the engine's other one (iam-db-auth-error) is of failed
	// logins by IAM, which the function query logs too.
	exportedLog = "postgresql"
	// masterUser owns the database. The functions migrate and rotate log in as it, and the drill in restored clusters.
	masterUser = "master"
	// backups and maintenance happen at night, one after the other, UTC.
	backupWindow      = "02:00-03:00"
	maintenanceWindow = "sun:03:30-sun:04:30"
)

// database is the cluster with its instances, writer first.
type database struct {
	cluster   *rds.Cluster
	instances []pulumi.Resource
}

// aurora registers Serverless v2 clusters and returns the present one: engine mode "provisioned" with instances of the class
// db.serverless. The engine mode "serverless" is version 1, which RDS Proxy rejects.
func (d *Data) aurora(ctx *pulumi.Context, name string, args Args) (*database, error) {
	subnets, err := rds.NewSubnetGroup(ctx, name+"-database", &rds.SubnetGroupArgs{
		Description: pulumi.String("Where the database lives"),
		SubnetIds:   args.IsolatedSubnetIDs,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the database's subnet group: %w", err)
	}
	family := engine + major(args.Config.Database.Version)
	parameters, err := d.parameters(ctx, name, family, args.Config.Database)
	if err != nil {
		return nil, err
	}
	return d.generations(ctx, name, args, subnets, parameters)
}

// cluster registers the cluster. Changes are applied immediately, a major version upgrade included: the
// version is set in the stack file, so the operator has decided on the time.
func (d *Data) cluster(ctx *pulumi.Context, name string, args Args, g generation, subnets *rds.SubnetGroup, parameters parameters) (*rds.Cluster, error) {
	c, clusterName := args.Config.Database, g.clusterName(name)
	identifier := unique(clusterName, args)
	logs, err := d.logGroup(ctx, clusterName, args, pulumi.Sprintf("/aws/rds/cluster/%s/%s", identifier, exportedLog))
	if err != nil {
		return nil, err
	}
	cluster, err := rds.NewCluster(ctx, clusterName, &rds.ClusterArgs{
		ClusterIdentifier:                identifier,
		SnapshotIdentifier:               g.snapshotIdentifier(),
		RestoreToPointInTime:             g.pointInTime(),
		Engine:                           pulumi.String(engine),
		EngineMode:                       pulumi.String("provisioned"),
		EngineVersion:                    pulumi.String(c.Version),
		AllowMajorVersionUpgrade:         pulumi.Bool(true),
		ApplyImmediately:                 pulumi.Bool(true),
		Serverlessv2ScalingConfiguration: c.scaling(),
		DatabaseName:                     pulumi.String(c.Name),
		Port:                             pulumi.Int(postgresPort),
		DbSubnetGroupName:                subnets.Name,
		DbClusterParameterGroupName:      parameters.cluster.Name,
		// The instances' version during a major upgrade, before their own update.
		DbInstanceParameterGroupName: parameters.instance.Name,
		VpcSecurityGroupIds:          pulumi.StringArray{args.ClusterSecurityGroupID},

		MasterUsername:                   pulumi.String(masterUser),
		ManageMasterUserPassword:         pulumi.Bool(true),
		MasterUserSecretKmsKeyId:         args.OperationsKeyARN,
		IamDatabaseAuthenticationEnabled: pulumi.Bool(true),
		StorageEncrypted:                 pulumi.Bool(true),
		KmsKeyId:                         args.DataKeyARN,

		BackupRetentionPeriod: pulumi.Int(c.BackupDays),
		// The provider's default deletes the backups with the cluster. Retained backups expire on their schedule.
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.Managing.Backups.Retaining.html
		DeleteAutomatedBackups:       pulumi.Bool(false),
		PreferredBackupWindow:        pulumi.String(backupWindow),
		PreferredMaintenanceWindow:   pulumi.String(maintenanceWindow),
		CopyTagsToSnapshot:           pulumi.Bool(true),
		DeletionProtection:           pulumi.Bool(args.Config.Protect && !g.retiring),
		SkipFinalSnapshot:            pulumi.Bool(!c.FinalSnapshot),
		FinalSnapshotIdentifier:      finalSnapshot(ctx, g.snapshotName(name)),
		EnabledCloudwatchLogsExports: pulumi.ToStringArray([]string{exportedLog}),
		Tags:                         g.tags(),
	}, pulumi.Parent(d), pulumi.Protect(!args.Config.AllowDeletion && !g.retiring), pulumi.DependsOn([]pulumi.Resource{logs}),
		// Two clusters cannot have the name at the same time.
		pulumi.DeleteBeforeReplace(true), pulumi.IgnoreChanges(g.ignored()))
	if err != nil {
		return nil, fmt.Errorf("register the cluster %s: %w", clusterName, err)
	}
	return cluster, nil
}

// finalSnapshot is the name of the snapshot that RDS takes when it deletes the cluster. It ends in the time at which the
// cluster was created. RDS rejects the name of an existing snapshot, and an earlier cluster of the stack
// may have left one. The cluster ignores later values, so an update changes nothing; Pulumi does not ignore
// them when it replaces the cluster. The name is set without a final snapshot too: a value that is ignored
// cannot be added later. The time is unknown in a preview; otherwise the update would differ from its plan.
func finalSnapshot(ctx *pulumi.Context, name string) pulumi.StringOutput {
	if ctx.DryRun() {
		return pulumi.UnsafeUnknownOutput(nil).ApplyT(func(any) string { return "" }).(pulumi.StringOutput)
	}
	return pulumi.String(name + "-" + time.Now().UTC().Format("20060102150405")).ToStringOutput()
}

// instances registers the writer and the readers. All have one of the two first promotion tiers, so
// that a reader is as large as the writer when it has to take over. Minor versions change by configuration
// and through the pipeline: after an automatic upgrade, the next update would be a downgrade.
// The upgrade of the cluster upgrades its instances. The provider sends no version in an instance's update; it waits
// until the instance is available and reads the new version. The version is the configuration's and not the cluster's
// output, which may still be the old one when AWS is slow to begin (hashicorp/terraform-provider-aws#29861).
// No instance names a zone: Aurora puts each where the cluster has fewest, and one that named a zone
// would have to be replaced to leave it.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Concepts.AuroraHighAvailability.html
func (d *Data) instances(ctx *pulumi.Context, name string, args Args, g generation, cluster *rds.Cluster, parameters *rds.ParameterGroup) ([]pulumi.Resource, error) {
	var instances []pulumi.Resource
	for i := range 1 + args.Config.Database.Readers {
		instanceName := g.instanceName(name, i+1)
		instance, err := rds.NewClusterInstance(ctx, instanceName, &rds.ClusterInstanceArgs{
			IdentifierPrefix:                   pulumi.String(instanceName + "-"),
			ClusterIdentifier:                  cluster.ID(),
			Engine:                             pulumi.String(engine),
			EngineVersion:                      pulumi.String(args.Config.Database.Version),
			InstanceClass:                      pulumi.String("db.serverless"),
			DbParameterGroupName:               parameters.Name,
			PromotionTier:                      pulumi.Int(min(i, 1)),
			PubliclyAccessible:                 pulumi.Bool(false),
			AutoMinorVersionUpgrade:            pulumi.Bool(false),
			ApplyImmediately:                   pulumi.Bool(true),
			PerformanceInsightsEnabled:         pulumi.Bool(true),
			PerformanceInsightsKmsKeyId:        args.DataKeyARN,
			PerformanceInsightsRetentionPeriod: pulumi.Int(args.Config.Database.InsightsDays),
		}, pulumi.Parent(d))
		if err != nil {
			return nil, fmt.Errorf("register instance %d: %w", i+1, err)
		}
		instances = append(instances, instance)
	}
	return instances, nil
}

// major is the major version: what is before the first dot.
func major(version string) string {
	first, _, _ := strings.Cut(version, ".")
	return first
}

// scaling are the cluster's bounds. RDS accepts a time until the pause only with a minimum capacity of 0.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ServerlessV2ScalingConfiguration.html
func (d Database) scaling() rds.ClusterServerlessv2ScalingConfigurationArgs {
	bounds := rds.ClusterServerlessv2ScalingConfigurationArgs{
		MinCapacity: pulumi.Float64(d.MinCapacity), MaxCapacity: pulumi.Float64(d.MaxCapacity),
	}
	if d.MinCapacity == 0 {
		bounds.SecondsUntilAutoPause = pulumi.Int(d.PauseSeconds)
	}
	return bounds
}
