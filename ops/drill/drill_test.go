package drill

import (
	"bytes"
	"context"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// state is the part of a stack's state that the command reads: a restore keeps the former cluster, which no function uses.
const state = `{"version":3,"deployment":{"resources":[
	{"urn":"urn:pulumi:prod::app::pulumi:pulumi:Stack::app-prod","type":"pulumi:pulumi:Stack"},
	{"urn":"urn:pulumi:prod::app::aws:lambda/function:Function::app-prod-api-drill","type":"aws:lambda/function:Function","custom":true,"id":"f","dependencies":["urn:pulumi:prod::app::aws:rds/cluster:Cluster::app-prod-data-cluster-2"],"inputs":{"handler":"drill"},"outputs":{"name":"app-prod-api-drill-1"}},
	{"urn":"urn:pulumi:prod::app::aws:rds/cluster:Cluster::app-prod-data-cluster-2","type":"aws:rds/cluster:Cluster","custom":true,"id":"c","inputs":{
		"clusterIdentifier":"c","engine":"aurora-postgresql","engineVersion":"17.5","dbSubnetGroupName":"s","dbClusterParameterGroupName":"p","kmsKeyId":"k","masterUserSecretKmsKeyId":"o",
		"serverlessv2ScalingConfiguration":{"minCapacity":0.5,"maxCapacity":4},"vpcSecurityGroupIds":["sg-cluster"]}},
	{"urn":"urn:pulumi:prod::app::aws:rds/cluster:Cluster::app-prod-data-cluster","type":"aws:rds/cluster:Cluster","custom":true,"id":"former","inputs":{"clusterIdentifier":"former"}},
	{"urn":"urn:pulumi:prod::app::aws:rds/clusterInstance:ClusterInstance::app-prod-data-gen2-1","type":"aws:rds/clusterInstance:ClusterInstance","custom":true,"id":"i","inputs":{"clusterIdentifier":"c","dbParameterGroupName":"ip"}}PROXY]}}`

const proxy = `,{"urn":"urn:pulumi:prod::app::aws:rds/proxy:Proxy::app-prod-data-proxy","type":"aws:rds/proxy:Proxy","custom":true,"id":"x","inputs":{"vpcSecurityGroupIds":["sg-proxy"]}}`

func TestTheTargetIsTheClusterThatServes(t *testing.T) {
	for name, c := range map[string]struct{ proxy, group string }{"behind a proxy": {proxy, "sg-proxy"}, "without a proxy": {"", "sg-cluster"}} {
		t.Run(name, func(t *testing.T) {
			g, err := graph.FromState(strings.NewReader(strings.ReplaceAll(state, "PROXY", c.proxy)))
			if err != nil {
				t.Fatal(err)
			}
			got, err := find(g)
			want := target{
				stack: "app-prod", owner: "app/prod", function: "app-prod-api-drill-1", cluster: "c", engine: "aurora-postgresql", version: "17.5",
				subnets: "s", parameters: "p", instanceParameters: "ip", key: "k", secretKey: "o", minCapacity: 0.5, maxCapacity: 4, groups: []string{c.group},
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
	g, err := graph.FromState(strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(state, `"handler":"drill"`, `"handler":"api"`), "PROXY", "")))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := find(g); err == nil || !strings.Contains(err.Error(), "deploy the stack first") {
		t.Errorf("without the function: %v", err)
	}
}

func newDrill(a *account) *drill {
	to := target{
		stack: "app-prod", owner: "app/prod", function: "f", cluster: source, engine: "aurora-postgresql", version: "17.5", subnets: "s", parameters: "p",
		instanceParameters: "ip", key: "k", secretKey: "o", minCapacity: 0.5, maxCapacity: 4, groups: []string{"sg-1"},
	}
	return &drill{target: to, api: a, functions: a, out: io.Discard, now: func() time.Time { return now }, poll: func(int) time.Duration { return time.Millisecond }}
}

func TestACopyIsRestoredComparedAndDeleted(t *testing.T) {
	a := newAccount()
	got, err := newDrill(a).run(t.Context(), time.Time{}, "")
	if err != nil {
		t.Fatal(err)
	}
	point := now.Add(-5 * time.Minute)
	if !got.RecoveryPoint.Equal(point) || got.Behind != 300 || !got.ComparedUpTo.Equal(point.Add(-margin)) {
		t.Errorf("got %+v", got)
	}
	var steps []string
	for _, step := range got.Steps {
		steps = append(steps, step.Name)
	}
	if want := []string{"restore", "password", "instance", "migrate", "compare", "remove"}; !reflect.DeepEqual(steps, want) {
		t.Errorf("the steps are %v, want %v", steps, want)
	}
	const name = "app-prod-data-drill-20261203051000"
	in := a.restored[0]
	if *in.DBClusterIdentifier != name || *in.SourceDBClusterIdentifier != source || *in.RestoreType != "full-copy" || !in.RestoreToTime.Equal(point) ||
		*in.KmsKeyId != "k" || *in.DBSubnetGroupName != "s" || *in.DBClusterParameterGroupName != "p" || !reflect.DeepEqual(in.VpcSecurityGroupIds, []string{"sg-1"}) ||
		*in.Tags[0].Value != "app/prod" || *in.BackupRetentionPeriod != 1 {
		t.Errorf("restored with %+v", in)
	}
	if i := a.created[0]; *i.DBClusterIdentifier != name || *i.DBParameterGroupName != "ip" || *i.PubliclyAccessible {
		t.Errorf("the instance has %+v", i)
	}
	if want := (contract.Drill{Host: name + ".host", MasterSecret: "arn:secret", Before: point.Add(-margin)}); a.event != want {
		t.Errorf("the function got %+v, want %+v", a.event, want)
	}
	if left := a.left(); len(left) > 0 || len(a.clusters) != 2 || len(a.instances) != 1 {
		t.Errorf("left: %v; the account has %d clusters and %d instances", left, len(a.clusters), len(a.instances))
	}
}

func TestASnapshotIsRestored(t *testing.T) {
	a := newAccount()
	got, err := newDrill(a).run(t.Context(), time.Time{}, "app-prod-data-monthly")
	if err != nil || !got.RecoveryPoint.Equal(now.Add(-48*time.Hour)) || len(a.snapshots) != 1 || *a.snapshots[0].SnapshotIdentifier != "app-prod-data-monthly" || *a.snapshots[0].EngineVersion != "17.5" {
		t.Errorf("got %+v, %v", got, err)
	}
	if left := a.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// Every call that can fail is made to fail.
func TestNothingIsLeftWhereverADrillFails(t *testing.T) {
	broken := errors.New("broken")
	for _, call := range []string{"RestoreDBClusterToPointInTime", "ModifyDBCluster", "CreateDBInstance", "Invoke"} {
		t.Run(call, func(t *testing.T) {
			a := newAccount()
			a.fails[call] = broken
			if _, err := newDrill(a).run(t.Context(), time.Time{}, ""); !errors.Is(err, broken) {
				t.Errorf("got %v", err)
			}
			if left := a.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestNothingIsLeftByAnInterruption(t *testing.T) {
	a := newAccount()
	ctx, interrupt := context.WithCancel(t.Context())
	a.onRestore = interrupt
	if _, err := newDrill(a).run(ctx, time.Time{}, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if left := a.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

// RDS rejects the deletion of a cluster that is being created.
func TestWhatAFormerDrillLeftIsDeletedOnceRDSAllowsIt(t *testing.T) {
	a := newAccount()
	a.restore("app-prod-data-drill-left")
	a.instances["app-prod-data-drill-left"] = &types.DBInstance{DBInstanceIdentifier: aws.String("app-prod-data-drill-left"), DBInstanceStatus: aws.String(available)}
	a.once["DeleteDBCluster"] = &types.InvalidDBClusterStateFault{}
	if err := newDrill(a).remove(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := a.left(); len(left) > 0 || len(a.clusters) != 2 || len(a.instances) != 1 {
		t.Errorf("left: %v; the account has %d clusters and %d instances", left, len(a.clusters), len(a.instances))
	}
}

func TestAFailedDrillSaysWhy(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*account)
		at     time.Time
		want   string
	}{
		"a time before the first backup": {func(*account) {}, now.Add(-48 * time.Hour), "can be restored to a time from 2026-12-02T05:10:00Z to 2026-12-03T05:05:00Z, not to 2026-12-01T05:10:00Z"},
		"a time that is not yet there":   {func(*account) {}, now, "can be restored to a time"},
		"no permission":                  {func(a *account) { a.fails["ModifyDBCluster"] = &smithy.GenericAPIError{Code: "AccessDenied"} }, time.Time{}, "lack the permission rds:ModifyDBCluster"},
		"a function that fails": {func(a *account) {
			a.response = lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"no login"}`)}
		}, time.Time{}, `failed: Unhandled: "no login"`},
		"a cluster that fails": {func(a *account) {
			a.onRestore = func() {
				for name, cluster := range a.clusters {
					if strings.Contains(name, "-drill-") {
						cluster.Status = aws.String("inaccessible-encryption-credentials")
					}
				}
			}
		}, time.Time{}, "is inaccessible-encryption-credentials"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount()
			c.change(a)
			if _, err := newDrill(a).run(t.Context(), c.at, ""); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
			if left := a.left(); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

func TestTheReportFailsForARestoreThatIsNotWhatItMustBe(t *testing.T) {
	for name, c := range map[string]struct {
		table contract.DrillTable
		want  string
		fails bool
	}{
		"everything is there":    {contract.DrillTable{ByRow: true, Production: 3, Restored: 4, Since: 1}, "has every row that no write has touched since", false},
		"rows are missing":       {contract.DrillTable{ByRow: true, Production: 3, Restored: 2, Missing: 1}, "FAILED: the restored table items lacks 1 rows and has 0 with other values, of 3", true},
		"rows differ":            {contract.DrillTable{ByRow: true, Production: 3, Restored: 3, Different: 2}, "lacks 0 rows and has 2 with other values", true},
		"it is empty":            {contract.DrillTable{ByRow: true, Production: 3, Missing: 3}, "FAILED: the restored table items is empty: production has 3 rows", true},
		"it is empty, counted":   {contract.DrillTable{Production: 3}, "FAILED: the restored table items is empty", true},
		"the table is not there": {contract.DrillTable{Absent: true}, "FAILED: the restored database has no table items", true},
		"nothing is old enough":  {contract.DrillTable{ByRow: true}, "nothing was compared", false},
	} {
		t.Run(name, func(t *testing.T) {
			c.table.Name = "items"
			for _, asJSON := range []bool{false, true} {
				var out bytes.Buffer
				err := report{Result: contract.DrillResult{Tables: []contract.DrillTable{c.table}}}.print(&out, asJSON)
				if errors.Is(err, command.ErrNo) != c.fails || !asJSON && !strings.Contains(out.String(), c.want) {
					t.Errorf("%v, want a failure: %v, with %q\n%s", err, c.fails, c.want, out.String())
				}
			}
		})
	}
}

func TestWrongCommandLinesAreRejectedWithWhatIsExpected(t *testing.T) {
	for want, args := range map[string][]string{
		"set --stack":                    nil,
		"must be a time in RFC 3339":     {"--stack", "prod", "--time", "yesterday"},
		"--time and --snapshot: set one": {"--stack", "prod", "--time", "2026-12-02T10:00:00Z", "--snapshot", "s"},
	} {
		var more bytes.Buffer
		table := []command.Command{{Name: "drill", Run: Run}}
		if exit := command.Main(t.Context(), table, command.IO{Stdout: &bytes.Buffer{}, Stderr: &more}, append([]string{"drill"}, args...)); exit != command.Usage || !strings.Contains(more.String(), want) {
			t.Errorf("exit %d: %s, want %q", exit, more.String(), want)
		}
	}
}
