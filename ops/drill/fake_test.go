package drill

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/lambda/contract"
)

var now = time.Date(2026, 12, 3, 5, 10, 0, 0, time.UTC)

// source is the cluster of the tests' stack.
const source = "app-prod-data-cluster-1"

// account is an account with the stack's cluster and instance. Everything takes one more description until it is there,
// changed or gone.
type account struct {
	clusters  map[string]*types.DBCluster
	instances map[string]*types.DBInstance
	restored  []*rds.RestoreDBClusterToPointInTimeInput
	snapshots []*rds.RestoreDBClusterFromSnapshotInput
	created   []*rds.CreateDBInstanceInput
	// fails are errors by the name of a call; once calls are rejected the first time.
	fails, once map[string]error
	// onRestore is called when a restore begins.
	onRestore func()
	event     contract.Drill
	response  lambda.InvokeOutput
	calls     []string
}

func newAccount() *account {
	own := &types.DBCluster{
		DBClusterIdentifier: aws.String(source), Status: aws.String(available),
		EarliestRestorableTime: aws.Time(now.Add(-24 * time.Hour)), LatestRestorableTime: aws.Time(now.Add(-5*time.Minute + 300*time.Millisecond)),
	}
	return &account{
		clusters:  map[string]*types.DBCluster{source: own, "app-prod-data-drills-other": {DBClusterIdentifier: aws.String("app-prod-data-drills-other"), Status: aws.String(available)}},
		instances: map[string]*types.DBInstance{"app-prod-data-instance-1": {DBInstanceIdentifier: aws.String("app-prod-data-instance-1"), DBInstanceStatus: aws.String(available)}},
		fails:     map[string]error{}, once: map[string]error{},
		response: lambda.InvokeOutput{Payload: []byte(`{"migrated":["0002_more"],"version":2,"tables":[{"name":"items","byRow":true,"production":3,"restored":4,"since":1}],"migrateMilliseconds":1500,"compareMilliseconds":500}`)},
	}
}

// call records a call and returns the error that it is to have.
func (a *account) call(name string) error {
	a.calls = append(a.calls, name)
	if err := a.once[name]; err != nil {
		delete(a.once, name)
		return err
	}
	return a.fails[name]
}

func (a *account) DescribeDBClusters(_ context.Context, in *rds.DescribeDBClustersInput, _ ...func(*rds.Options)) (*rds.DescribeDBClustersOutput, error) {
	if err := a.call("DescribeDBClusters"); err != nil {
		return nil, err
	}
	out := &rds.DescribeDBClustersOutput{}
	for name, cluster := range a.clusters {
		if in.DBClusterIdentifier != nil && *in.DBClusterIdentifier != name {
			continue
		}
		seen := *cluster
		out.DBClusters = append(out.DBClusters, seen)
		switch *cluster.Status {
		case deleting:
			delete(a.clusters, name)
		case "creating":
			cluster.Status = aws.String(available)
		}
		if secret := cluster.MasterUserSecret; secret != nil {
			cluster.MasterUserSecret = &types.MasterUserSecret{SecretArn: secret.SecretArn, SecretStatus: aws.String("active")}
		}
	}
	if in.DBClusterIdentifier != nil && len(out.DBClusters) == 0 {
		return nil, &types.DBClusterNotFoundFault{}
	}
	return out, nil
}

func (a *account) DescribeDBClusterSnapshots(_ context.Context, in *rds.DescribeDBClusterSnapshotsInput, _ ...func(*rds.Options)) (*rds.DescribeDBClusterSnapshotsOutput, error) {
	if *in.DBClusterSnapshotIdentifier != "app-prod-data-monthly" {
		return nil, &types.DBClusterSnapshotNotFoundFault{Message: aws.String("not found")}
	}
	return &rds.DescribeDBClusterSnapshotsOutput{DBClusterSnapshots: []types.DBClusterSnapshot{{SnapshotCreateTime: aws.Time(now.Add(-48 * time.Hour))}}}, a.call("DescribeDBClusterSnapshots")
}

func (a *account) DescribeDBInstances(_ context.Context, in *rds.DescribeDBInstancesInput, _ ...func(*rds.Options)) (*rds.DescribeDBInstancesOutput, error) {
	out := &rds.DescribeDBInstancesOutput{}
	for name, instance := range a.instances {
		if in.DBInstanceIdentifier != nil && *in.DBInstanceIdentifier != name {
			continue
		}
		seen := *instance
		out.DBInstances = append(out.DBInstances, seen)
		switch *instance.DBInstanceStatus {
		case deleting:
			delete(a.instances, name)
		case "creating":
			instance.DBInstanceStatus = aws.String(available)
		}
	}
	return out, a.call("DescribeDBInstances")
}

// restore creates a cluster.
func (a *account) restore(name string) {
	a.clusters[name] = &types.DBCluster{DBClusterIdentifier: &name, Status: aws.String("creating"), Endpoint: aws.String(name + ".host")}
	if a.onRestore != nil {
		a.onRestore()
	}
}

func (a *account) RestoreDBClusterToPointInTime(_ context.Context, in *rds.RestoreDBClusterToPointInTimeInput, _ ...func(*rds.Options)) (*rds.RestoreDBClusterToPointInTimeOutput, error) {
	a.restored = append(a.restored, in)
	if err := a.call("RestoreDBClusterToPointInTime"); err != nil {
		return nil, err
	}
	a.restore(*in.DBClusterIdentifier)
	return &rds.RestoreDBClusterToPointInTimeOutput{}, nil
}

func (a *account) RestoreDBClusterFromSnapshot(_ context.Context, in *rds.RestoreDBClusterFromSnapshotInput, _ ...func(*rds.Options)) (*rds.RestoreDBClusterFromSnapshotOutput, error) {
	a.snapshots = append(a.snapshots, in)
	a.restore(*in.DBClusterIdentifier)
	return &rds.RestoreDBClusterFromSnapshotOutput{}, a.call("RestoreDBClusterFromSnapshot")
}

func (a *account) ModifyDBCluster(_ context.Context, in *rds.ModifyDBClusterInput, _ ...func(*rds.Options)) (*rds.ModifyDBClusterOutput, error) {
	if err := a.call("ModifyDBCluster"); err != nil {
		return nil, err
	}
	a.clusters[*in.DBClusterIdentifier].MasterUserSecret = &types.MasterUserSecret{SecretArn: aws.String("arn:secret"), SecretStatus: aws.String("creating")}
	return &rds.ModifyDBClusterOutput{}, nil
}

func (a *account) CreateDBInstance(_ context.Context, in *rds.CreateDBInstanceInput, _ ...func(*rds.Options)) (*rds.CreateDBInstanceOutput, error) {
	if err := a.call("CreateDBInstance"); err != nil {
		return nil, err
	}
	a.created = append(a.created, in)
	a.instances[*in.DBInstanceIdentifier] = &types.DBInstance{DBInstanceIdentifier: in.DBInstanceIdentifier, DBInstanceStatus: aws.String("creating")}
	return &rds.CreateDBInstanceOutput{}, nil
}

func (a *account) DeleteDBInstance(_ context.Context, in *rds.DeleteDBInstanceInput, _ ...func(*rds.Options)) (*rds.DeleteDBInstanceOutput, error) {
	if err := a.call("DeleteDBInstance"); err != nil {
		return nil, err
	}
	a.instances[*in.DBInstanceIdentifier].DBInstanceStatus = aws.String(deleting)
	return &rds.DeleteDBInstanceOutput{}, nil
}

func (a *account) DeleteDBCluster(_ context.Context, in *rds.DeleteDBClusterInput, _ ...func(*rds.Options)) (*rds.DeleteDBClusterOutput, error) {
	if err := a.call("DeleteDBCluster"); err != nil {
		return nil, err
	}
	if !aws.ToBool(in.SkipFinalSnapshot) || !aws.ToBool(in.DeleteAutomatedBackups) {
		return nil, errors.New("a snapshot or backups would be left")
	}
	a.clusters[*in.DBClusterIdentifier].Status = aws.String(deleting)
	return &rds.DeleteDBClusterOutput{}, nil
}

func (a *account) Invoke(_ context.Context, in *lambda.InvokeInput, _ ...func(*lambda.Options)) (*lambda.InvokeOutput, error) {
	if err := a.call("Invoke"); err != nil {
		return nil, err
	}
	return &a.response, json.Unmarshal(in.Payload, &a.event)
}

// left are the names of what a drill left.
func (a *account) left() []string {
	var names []string
	for name := range a.clusters {
		if strings.Contains(name, "-drill-") {
			names = append(names, name)
		}
	}
	for name := range a.instances {
		if strings.Contains(name, "-drill-") {
			names = append(names, name)
		}
	}
	return names
}
