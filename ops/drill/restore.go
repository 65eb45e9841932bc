package drill

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/deployed"
)

// databases is the part of RDS's client that a drill uses.
type databases interface {
	DescribeDBClusters(context.Context, *rds.DescribeDBClustersInput, ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error)
	DescribeDBClusterSnapshots(context.Context, *rds.DescribeDBClusterSnapshotsInput, ...func(*rds.Options)) (*rds.DescribeDBClusterSnapshotsOutput, error)
	DescribeDBInstances(context.Context, *rds.DescribeDBInstancesInput, ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error)
	RestoreDBClusterToPointInTime(context.Context, *rds.RestoreDBClusterToPointInTimeInput, ...func(*rds.Options)) (*rds.RestoreDBClusterToPointInTimeOutput, error)
	RestoreDBClusterFromSnapshot(context.Context, *rds.RestoreDBClusterFromSnapshotInput, ...func(*rds.Options)) (*rds.RestoreDBClusterFromSnapshotOutput, error)
	ModifyDBCluster(context.Context, *rds.ModifyDBClusterInput, ...func(*rds.Options)) (*rds.ModifyDBClusterOutput, error)
	CreateDBInstance(context.Context, *rds.CreateDBInstanceInput, ...func(*rds.Options)) (*rds.CreateDBInstanceOutput, error)
	DeleteDBInstance(context.Context, *rds.DeleteDBInstanceInput, ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error)
	DeleteDBCluster(context.Context, *rds.DeleteDBClusterInput, ...func(*rds.Options)) (*rds.DeleteDBClusterOutput, error)
}

// drill is one run.
type drill struct {
	target    target
	api       databases
	functions deployed.Invoker
	out       io.Writer // progress
	now       func() time.Time
	poll      func(i int) time.Duration // before the i-th repetition of a description
	steps     []Step
}

// backoff describes often at first, as a sandbox is fast, and then every quarter of a minute.
func backoff(i int) time.Duration {
	return min(time.Duration(i+1)*500*time.Millisecond, 15*time.Second)
}

// step begins a step; the function that it returns ends it.
func (d *drill) step(name string) func() {
	began := d.now()
	return func() {
		took := d.now().Sub(began)
		d.steps = append(d.steps, Step{name, took.Seconds()})
		_, _ = fmt.Fprintf(d.out, "%s: %.1f s\n", name, took.Seconds())
	}
}

// restore creates the copy, and returns the time whose data it has.
func (d *drill) restore(ctx context.Context, name string, at time.Time, snapshot string) (time.Time, error) {
	if snapshot != "" {
		return d.fromSnapshot(ctx, name, snapshot)
	}
	to := d.target
	found, err := d.api.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &to.cluster})
	if err != nil {
		return at, deployed.Failed(err, "describe "+to.cluster, "rds:DescribeDBClusters")
	}
	earliest, latest := aws.ToTime(found.DBClusters[0].EarliestRestorableTime), aws.ToTime(found.DBClusters[0].LatestRestorableTime)
	if at.IsZero() {
		at = latest.UTC().Truncate(time.Second)
	}
	if at.Before(earliest) || at.After(latest) {
		return at, fmt.Errorf("%s can be restored to a time from %s to %s, not to %s",
			to.cluster, earliest.UTC().Format(time.RFC3339), latest.UTC().Format(time.RFC3339), at.Format(time.RFC3339))
	}
	_, err = d.api.RestoreDBClusterToPointInTime(ctx, &rds.RestoreDBClusterToPointInTimeInput{
		DBClusterIdentifier: &name, SourceDBClusterIdentifier: &to.cluster, RestoreToTime: &at, RestoreType: aws.String("full-copy"),
		DBSubnetGroupName: &to.subnets, DBClusterParameterGroupName: &to.parameters, KmsKeyId: &to.key,
		VpcSecurityGroupIds: to.groups, ServerlessV2ScalingConfiguration: to.scaling(), Tags: to.tags(), BackupRetentionPeriod: aws.Int32(1),
	})
	if err != nil {
		return at, deployed.Failed(err, "restore "+to.cluster+" to "+at.Format(time.RFC3339), "rds:RestoreDBClusterToPointInTime")
	}
	return at, nil
}

func (d *drill) fromSnapshot(ctx context.Context, name, snapshot string) (time.Time, error) {
	to := d.target
	found, err := d.api.DescribeDBClusterSnapshots(ctx, &rds.DescribeDBClusterSnapshotsInput{DBClusterSnapshotIdentifier: &snapshot})
	if err != nil || len(found.DBClusterSnapshots) != 1 {
		return time.Time{}, deployed.Failed(err, "describe the snapshot "+snapshot, "rds:DescribeDBClusterSnapshots")
	}
	_, err = d.api.RestoreDBClusterFromSnapshot(ctx, &rds.RestoreDBClusterFromSnapshotInput{
		DBClusterIdentifier: &name, SnapshotIdentifier: &snapshot, Engine: &to.engine, EngineVersion: &to.version,
		DBSubnetGroupName: &to.subnets, DBClusterParameterGroupName: &to.parameters, KmsKeyId: &to.key,
		VpcSecurityGroupIds: to.groups, ServerlessV2ScalingConfiguration: to.scaling(), Tags: to.tags(),
	})
	if err != nil {
		return time.Time{}, deployed.Failed(err, "restore the snapshot "+snapshot, "rds:RestoreDBClusterFromSnapshot")
	}
	return aws.ToTime(found.DBClusterSnapshots[0].SnapshotCreateTime).UTC(), nil
}

func (to target) scaling() *types.ServerlessV2ScalingConfiguration {
	return &types.ServerlessV2ScalingConfiguration{MinCapacity: &to.minCapacity, MaxCapacity: &to.maxCapacity}
}

func (to target) tags() []types.Tag {
	return []types.Tag{{Key: aws.String(stacktag.Key), Value: &to.owner}}
}

// restoredCluster is a cluster that a drill has restored.
type restoredCluster struct{ host, secret string }

// await waits until the cluster is available. A managed one has a secret of its master user, which RDS creates some time
// after the call.
func (d *drill) await(ctx context.Context, name string, managed bool) (restoredCluster, error) {
	var c restoredCluster
	err := d.until(ctx, "the cluster "+name, func() (string, error) {
		found, err := d.api.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &name})
		if err != nil {
			return "", deployed.Failed(err, "describe "+name, "rds:DescribeDBClusters")
		}
		cluster := found.DBClusters[0]
		c.host = aws.ToString(cluster.Endpoint)
		secret := cluster.MasterUserSecret
		if secret == nil && managed {
			return "without a secret", nil
		}
		if secret != nil {
			c.secret = aws.ToString(secret.SecretArn)
			if status := aws.ToString(secret.SecretStatus); status != available && status != "active" {
				return "its secret is " + status, nil
			}
		}
		return aws.ToString(cluster.Status), nil
	})
	return c, err
}

// available is the status of what can be used.
const available = "available"

// until describes something until its status is available.
func (d *drill) until(ctx context.Context, what string, status func() (string, error)) error {
	for i := 0; ; i++ {
		now, err := status()
		switch {
		case err != nil:
			return err
		case now == available:
			return nil
		case strings.Contains(now, "failed") || strings.HasPrefix(now, "incompatible") || strings.HasPrefix(now, "inaccessible"):
			return fmt.Errorf("%s is %s", what, now)
		}
		if err := d.wait(ctx, i); err != nil {
			return fmt.Errorf("wait until %s, which is %s, is available: %w", what, now, err)
		}
	}
}

// wait waits before the i-th repetition.
func (d *drill) wait(ctx context.Context, i int) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d.poll(i)):
		return nil
	}
}

// managePassword has RDS choose the master user's password, as the program's restore does: the copy has that of the past.
func (d *drill) managePassword(ctx context.Context, name string) (restoredCluster, error) {
	_, err := d.api.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
		DBClusterIdentifier: &name, ManageMasterUserPassword: aws.Bool(true), MasterUserSecretKmsKeyId: &d.target.secretKey, ApplyImmediately: aws.Bool(true),
	})
	if err != nil {
		return restoredCluster{}, deployed.Failed(err, "have RDS manage the password of "+name, "rds:ModifyDBCluster")
	}
	return d.await(ctx, name, true)
}

// start creates the copy's instance.
func (d *drill) start(ctx context.Context, name string) error {
	_, err := d.api.CreateDBInstance(ctx, &rds.CreateDBInstanceInput{
		DBInstanceIdentifier: &name, DBClusterIdentifier: &name, Engine: &d.target.engine, DBInstanceClass: aws.String("db.serverless"),
		DBParameterGroupName: &d.target.instanceParameters, PubliclyAccessible: aws.Bool(false), AutoMinorVersionUpgrade: aws.Bool(false), Tags: d.target.tags(),
	})
	if err != nil {
		return deployed.Failed(err, "create the instance of "+name, "rds:CreateDBInstance")
	}
	return d.until(ctx, "the instance "+name, func() (string, error) {
		found, err := d.api.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name})
		if err != nil {
			return "", deployed.Failed(err, "describe the instance "+name, "rds:DescribeDBInstances")
		}
		return aws.ToString(found.DBInstances[0].DBInstanceStatus), nil
	})
}

// compare invokes the function.
func (d *drill) compare(ctx context.Context, event contract.Drill) (contract.DrillResult, error) {
	var result contract.DrillResult
	response, err := deployed.Invoke(ctx, d.functions, d.target.function, event, strconv.Quote)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(response, &result); err != nil {
		return result, fmt.Errorf("the response of the function %s is no result of a drill: %w", d.target.function, err)
	}
	return result, nil
}
