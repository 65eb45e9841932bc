package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// generation is one cluster of the stack: the present one, or the one before it, which a restore keeps.
type generation struct {
	number int
	// retiring removes its protection: the next update deletes it.
	retiring bool
	// restore is what it is created from, its time in UTC; without a value it is created empty.
	restore Restore
	// source is the cluster whose backups restore.Time is in.
	source *rds.Cluster
}

// generations registers the present cluster and, while a restore keeps it, the previous one. The previous one
// comes first: it is the source.
func (d *Data) generations(ctx *pulumi.Context, name string, args Args, subnets *rds.SubnetGroup, parameters parameters) (*database, error) {
	c := args.Config.Database
	present := generation{number: c.Generation, restore: c.RestoreFrom.inUTC()}
	if c.keepsPrevious() {
		before, err := d.generation(ctx, name, args, generation{number: c.Generation - 1, retiring: c.Previous == Retiring}, subnets, parameters)
		if err != nil {
			return nil, err
		}
		present.source = before.cluster
	}
	return d.generation(ctx, name, args, present, subnets, parameters)
}

// generation registers a cluster with its instances.
func (d *Data) generation(ctx *pulumi.Context, name string, args Args, g generation, subnets *rds.SubnetGroup, parameters parameters) (*database, error) {
	cluster, err := d.cluster(ctx, name, args, g, subnets, parameters)
	if err != nil {
		return nil, err
	}
	instances, err := d.instances(ctx, name, args, g, cluster, parameters.instance)
	if err != nil {
		return nil, err
	}
	return &database{cluster: cluster, instances: instances}, nil
}

// clusterName is the name of the cluster and its log group.
func (g generation) clusterName(name string) string {
	if g.number == 1 {
		return name + "-cluster"
	}
	return fmt.Sprintf("%s-cluster-%d", name, g.number)
}

// instanceName is the name of the i-th instance, from 1. naming.Longest bounds its length.
func (g generation) instanceName(name string, i int) string {
	if g.number == 1 {
		return fmt.Sprintf("%s-instance-%d", name, i)
	}
	return fmt.Sprintf("%s-gen%d-%d", name, g.number, i)
}

// snapshotName begins the name of the snapshot that is taken when the cluster is deleted.
func (g generation) snapshotName(name string) string {
	if g.number == 1 {
		return name + "-final"
	}
	return fmt.Sprintf("%s-gen%d-final", name, g.number)
}

// pointInTime is the time that RDS restores the cluster to; nil: none. A full copy has no storage in common with
// its source, which a later update deletes.
func (g generation) pointInTime() rds.ClusterRestoreToPointInTimePtrInput {
	if g.restore.Time == "" || g.source == nil {
		return nil
	}
	return rds.ClusterRestoreToPointInTimeArgs{
		SourceClusterIdentifier: g.source.ID().ToStringOutput(),
		RestoreToTime:           pulumi.String(g.restore.Time),
		RestoreType:             pulumi.String("full-copy"),
	}
}

// snapshotIdentifier is the snapshot that RDS restores the cluster from; nil: none.
func (g generation) snapshotIdentifier() pulumi.StringPtrInput {
	if g.restore.Snapshot == "" {
		return nil
	}
	return pulumi.String(g.restore.Snapshot)
}

// ignored are the inputs of the cluster whose changes are ignored. What a cluster was restored from is the past
// of its data: the provider would replace it when the configuration no longer has it.
func (g generation) ignored() []string {
	if g.number == 1 {
		return []string{"finalSnapshotIdentifier"}
	}
	return []string{"finalSnapshotIdentifier", "restoreToPointInTime", "snapshotIdentifier"}
}

// RetiringTag is the tag of a cluster that the next update deletes.
const RetiringTag = "retiring"

// tags mark a cluster that is to be deleted; ops audit requires no protection of it.
func (g generation) tags() pulumi.StringMapInput {
	if !g.retiring {
		return nil
	}
	return pulumi.StringMap{RetiringTag: pulumi.String("true")}
}
