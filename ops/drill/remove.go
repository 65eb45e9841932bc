package drill

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/deployed"
)

// remove deletes every instance and cluster of a drill's name, and waits until they are gone: those of this run, and what
// an interrupted one left. RDS rejects a deletion while the cluster is created or changed, so it is repeated.
func (d *drill) remove(ctx context.Context) error {
	limited, stop := context.WithTimeout(ctx, longestRemoval)
	defer stop()
	for i := 0; ; i++ {
		left, err := d.removeAll(limited)
		if err != nil || len(left) == 0 {
			return err
		}
		if i == 0 {
			_, _ = fmt.Fprintf(d.out, "deleting %s\n", strings.Join(left, ", "))
		}
		if err := d.wait(limited, i); err != nil {
			return fmt.Errorf("%s is not deleted yet: run the command with --clean: %w", strings.Join(left, ", "), err)
		}
	}
}

// removeAll requests the deletion of what is left, and returns its names.
func (d *drill) removeAll(ctx context.Context) ([]string, error) {
	var left []string
	instances := rds.NewDescribeDBInstancesPaginator(d.api, &rds.DescribeDBInstancesInput{})
	for instances.HasMorePages() {
		page, err := instances.NextPage(ctx)
		if err != nil {
			return left, deployed.Failed(err, "list the instances", "rds:DescribeDBInstances")
		}
		for _, instance := range page.DBInstances {
			name := aws.ToString(instance.DBInstanceIdentifier)
			if !d.own(name) {
				continue
			}
			left = append(left, "the instance "+name)
			if aws.ToString(instance.DBInstanceStatus) == deleting {
				continue
			}
			if _, err := d.api.DeleteDBInstance(ctx, &rds.DeleteDBInstanceInput{DBInstanceIdentifier: &name}); unexpected(err) {
				return left, deployed.Failed(err, "delete the instance "+name, "rds:DeleteDBInstance")
			}
		}
	}
	clusters := rds.NewDescribeDBClustersPaginator(d.api, &rds.DescribeDBClustersInput{})
	for clusters.HasMorePages() {
		page, err := clusters.NextPage(ctx)
		if err != nil {
			return left, deployed.Failed(err, "list the clusters", "rds:DescribeDBClusters")
		}
		for _, cluster := range page.DBClusters {
			name := aws.ToString(cluster.DBClusterIdentifier)
			if !d.own(name) {
				continue
			}
			left = append(left, "the cluster "+name)
			if err := d.removeCluster(ctx, cluster); err != nil {
				return left, err
			}
		}
	}
	return left, nil
}

func (d *drill) removeCluster(ctx context.Context, cluster types.DBCluster) error {
	if aws.ToString(cluster.Status) == deleting {
		return nil
	}
	_, err := d.api.DeleteDBCluster(ctx, &rds.DeleteDBClusterInput{
		DBClusterIdentifier: cluster.DBClusterIdentifier, SkipFinalSnapshot: aws.Bool(true), DeleteAutomatedBackups: aws.Bool(true),
	})
	if unexpected(err) {
		return deployed.Failed(err, "delete the cluster "+aws.ToString(cluster.DBClusterIdentifier), "rds:DeleteDBCluster")
	}
	return nil
}

// deleting is the status of what RDS deletes.
const deleting = "deleting"

// own is whether the name is a drill's of the stack.
func (d *drill) own(name string) bool {
	return strings.HasPrefix(name, contract.DrillPrefix(d.target.stack))
}

// unexpected reports errors other than that it is gone, or in a state in which it cannot be deleted yet.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
func unexpected(err error) bool {
	var noCluster *types.DBClusterNotFoundFault
	var noInstance *types.DBInstanceNotFoundFault
	var clusterState *types.InvalidDBClusterStateFault
	var instanceState *types.InvalidDBInstanceStateFault
	return err != nil && !errors.As(err, &noCluster) && !errors.As(err, &noInstance) && !errors.As(err, &clusterState) && !errors.As(err, &instanceState)
}
