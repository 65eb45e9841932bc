package e2e

import (
	"bytes"
	"context"
	"crypto/tls"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"
)

// checkDrill restores a stack's database with the drill's role and compares it: what is there is found, what is lost or
// changed is reported, nothing is left, and the database and its cluster are as before.
func checkDrill(t *testing.T, out outputs, program string) {
	t.Helper()
	writeOldItems(t, out)
	time.Sleep(2 * time.Second) // restore times have whole seconds
	names := stackOutputs(t, out)
	role := assume(t, ciUser(t, out, names["ciUser"].(string)), names["ciDrillRole"].(string))
	as := out.as(t, role)
	o := operator{out: as, program: program, state: exportState(t, as)} // the role reads the state
	before := allItems(t, out)
	left := "didomi-" + out.Stack + "-data-drill-left"
	lost, empty := spoiledSnapshots(t, out, left)
	for _, c := range []struct {
		name string
		args []string
		exit int
		want string
	}{
		{"of a time", nil, 0, "the restored database has every row that no write has touched since"},
		{"of a snapshot that lacks rows and has others changed", []string{"--snapshot", lost}, 1, "FAILED: the restored table items lacks 2 rows and has 1 with other values"},
		{"of a snapshot without rows", []string{"--snapshot", empty}, 1, "FAILED: the restored table items is empty"},
		{"to a time before the first backup", []string{"--time", "2020-01-01T00:00:00Z"}, 1, "can be restored to a time from"},
	} {
		t.Run(c.name, func(t *testing.T) {
			start := time.Now()
			printed, code := o.run(t, "drill", c.args...)
			if code != c.exit || !strings.Contains(printed, c.want) {
				t.Errorf("exit %d, want %d with %q\n%s", code, c.exit, c.want, printed)
			}
			checkNoDrill(t, out)
			t.Logf("%s\n%s", time.Since(start).Round(100*time.Millisecond), printed)
		})
	}
	t.Run("that is interrupted leaves nothing", func(t *testing.T) { interruptDrill(t, o) })
	if after := allItems(t, out); after != before {
		t.Error("a drill has changed the database")
	}
	t.Run("whose role reaches no other cluster", func(t *testing.T) { checkDrillRole(t, out, role) })
}

// checkGreenDrill restores the database of a stack with a proxy and readers.
func checkGreenDrill(t *testing.T, out outputs, program string) {
	t.Helper()
	names := stackOutputs(t, out)
	role := assume(t, ciUser(t, out, names["ciUser"].(string)), names["ciDrillRole"].(string))
	o := operator{out: out.as(t, role), program: program, state: exportState(t, out)}
	if printed, code := o.run(t, "drill"); code != 0 || !strings.Contains(printed, "recovery point") {
		t.Errorf("exit %d\n%s", code, printed)
	}
	checkNoDrill(t, out)
}

// writeOldItems writes items as of a past time: a drill compares what was written more than a minute ago.
func writeOldItems(t *testing.T, out outputs) {
	t.Helper()
	exec := func(statement string) {
		t.Helper()
		conn := asMaster(t, out, functionEnvironment(t, out)["DB_HOST"], masterSecret(t, out))
		defer func() { _ = conn.Close(context.Background()) }()
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec(`INSERT INTO items (id, body, revision, created_at, updated_at)
		SELECT 'e2e-drill-' || n, '{"n":"drill"}', 'drill', '2026-12-01 10:00Z', '2026-12-01 10:00Z' FROM generate_series(1, 5) n`)
	t.Cleanup(func() { exec(`DELETE FROM items WHERE id LIKE 'e2e-drill-%'`) })
}

// asMaster connects to a cluster with the password in a secret of its master user.
func asMaster(t *testing.T, out outputs, host, secret string) *pgx.Conn {
	t.Helper()
	username, password := login(t, out, secret)
	config, err := pgx.ParseConfig("postgres://" + host + ":5432/" + functionEnvironment(t, out)["DB_NAME"] + "?sslmode=verify-full")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password = username, password
	config.TLSConfig = &tls.Config{RootCAs: sandboxCA(t), ServerName: host}
	conn, err := pgx.ConnectConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// allItems is a digest of all items.
func allItems(t *testing.T, out outputs) string {
	t.Helper()
	conn := asMaster(t, out, functionEnvironment(t, out)["DB_HOST"], masterSecret(t, out))
	defer func() { _ = conn.Close(context.Background()) }()
	var digest string
	if err := conn.QueryRow(context.Background(), `SELECT count(*) || md5(string_agg(i::text, ',' ORDER BY id)) FROM items i`).Scan(&digest); err != nil {
		t.Fatal(err)
	}
	return digest
}

// spoiledSnapshots are snapshots of a copy that lost and changed rows, and of one that lost all. The copy has a drill's
// name and is left, as by a drill that was killed.
func spoiledSnapshots(t *testing.T, out outputs, copied string) (lost, empty string) {
	t.Helper()
	api, ctx, source := rds.NewFromConfig(awsConfig(out)), t.Context(), clusters(t, out)[0]
	_, err := api.RestoreDBClusterToPointInTime(ctx, &rds.RestoreDBClusterToPointInTimeInput{
		DBClusterIdentifier: &copied, SourceDBClusterIdentifier: &source, UseLatestRestorableTime: aws.Bool(true),
	})
	if err != nil {
		t.Fatal(err)
	}
	managed, err := api.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{DBClusterIdentifier: &copied, ManageMasterUserPassword: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	conn := asMaster(t, out, *managed.DBCluster.Endpoint, *managed.DBCluster.MasterUserSecret.SecretArn)
	defer func() { _ = conn.Close(context.Background()) }()
	snapshot := func(kind string, statements ...string) string {
		for _, statement := range statements {
			if _, err := conn.Exec(ctx, statement); err != nil {
				t.Fatal(err)
			}
		}
		name := "didomi-" + out.Stack + "-data-e2e-" + kind
		if _, err := api.CreateDBClusterSnapshot(ctx, &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: &copied, DBClusterSnapshotIdentifier: &name}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := api.DeleteDBClusterSnapshot(context.Background(), &rds.DeleteDBClusterSnapshotInput{DBClusterSnapshotIdentifier: &name}); err != nil {
				t.Error(err)
			}
		})
		return name
	}
	return snapshot("lost", `DELETE FROM items WHERE id IN ('e2e-drill-2', 'e2e-drill-5')`, `UPDATE items SET body = '{"n":"other"}' WHERE id = 'e2e-drill-3'`),
		snapshot("empty", `TRUNCATE items`)
}

// checkNoDrill checks that no cluster and no instance of a drill is left.
func checkNoDrill(t *testing.T, out outputs) {
	t.Helper()
	api := rds.NewFromConfig(awsConfig(out))
	foundClusters, err := api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, cluster := range foundClusters.DBClusters {
		if strings.Contains(*cluster.DBClusterIdentifier, "-drill-") {
			t.Errorf("the cluster %s is left", *cluster.DBClusterIdentifier)
		}
	}
	instances, err := api.DescribeDBInstances(t.Context(), &rds.DescribeDBInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, instance := range instances.DBInstances {
		if strings.Contains(*instance.DBInstanceIdentifier, "-drill-") {
			t.Errorf("the instance %s is left", *instance.DBInstanceIdentifier)
		}
	}
}

// interruptDrill sends the signal of Ctrl-C to a drill that has begun to restore.
func interruptDrill(t *testing.T, o operator) {
	t.Helper()
	cmd := exec.Command(o.program, "drill", "--stack", o.out.Stack, "--state", o.state)
	cmd.Dir, cmd.Env = repository(t), os.Environ()
	for name, value := range o.out.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var printed bytes.Buffer
	cmd.Stdout, cmd.Stderr = &printed, &printed
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	api := rds.NewFromConfig(awsConfig(o.out))
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		found, err := api.DescribeDBClusters(t.Context(), &rds.DescribeDBClustersInput{})
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("no cluster is restored: %v\n%s", err, printed.String())
		}
		started := false
		for _, cluster := range found.DBClusters {
			started = started || strings.Contains(*cluster.DBClusterIdentifier, "-drill-")
		}
		if started {
			break
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is checked
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(printed.String(), "deleting the") {
		t.Errorf("exit %d\n%s", code, printed.String())
	}
	checkNoDrill(t, o.out)
}

// checkDrillRole checks that the role is denied what would change the stack's database, or read a row of it.
func checkDrillRole(t *testing.T, out outputs, role aws.Config) {
	t.Helper()
	api, ctx, cluster := rds.NewFromConfig(role), t.Context(), clusters(t, out)[0]
	_, deleted := api.DeleteDBCluster(ctx, &rds.DeleteDBClusterInput{DBClusterIdentifier: &cluster, SkipFinalSnapshot: aws.Bool(true)})
	_, modified := api.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{DBClusterIdentifier: &cluster, ManageMasterUserPassword: aws.Bool(true)})
	other := "didomi-" + out.Stack + "-data-cluster-other"
	_, restored := api.RestoreDBClusterToPointInTime(ctx, &rds.RestoreDBClusterToPointInTimeInput{
		DBClusterIdentifier: &other, SourceDBClusterIdentifier: &cluster, UseLatestRestorableTime: aws.Bool(true),
	})
	_, chosen := api.ModifyDBCluster(ctx, &rds.ModifyDBClusterInput{
		DBClusterIdentifier: aws.String("didomi-" + out.Stack + "-data-drill-1"), MasterUserPassword: aws.String("of-another-user"),
	})
	_, read := secretsmanager.NewFromConfig(role).GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: aws.String(masterSecret(t, out))})
	for what, err := range map[string]error{
		"deletes the stack's cluster": deleted, "changes it": modified, "restores into a cluster of another name": restored,
		"chooses a copy's password": chosen, "reads the master user's secret": read,
	} {
		if !denied(err) {
			t.Errorf("the drill's role %s: %v", what, err)
		}
	}
	for _, name := range stackOutputs(t, out)["functionNames"].([]any) {
		if strings.Contains(name.(string), "-api-drill-") {
			continue
		}
		_, err := lambda.NewFromConfig(role).Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(name.(string)), InvocationType: "DryRun"})
		if !denied(err) {
			t.Errorf("the drill's role invokes %s: %v", name, err)
		}
	}
}
