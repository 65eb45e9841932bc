package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/smithy-go"
	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
	"github.com/didomi/serverless-api/sandbox/testnet"
)

// account is a gateway whose clusters are real PostgreSQL servers.
type account struct {
	*rds.Client
	env       *testEnv
	servers   *dataplane.Servers
	authority *dataplane.Authority
}

func newAccountWithServers(t *testing.T) *account {
	t.Helper()
	authority, err := dataplane.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	python, err := emulatorPython()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	t.Cleanup(func() {
		if err := os.RemoveAll(dataplane.Outside(root)); err != nil {
			t.Error(err)
		}
	})
	in, err := dataplane.Locate(root, filepath.Dir(filepath.Dir(python)))
	if err != nil {
		t.Fatal(err)
	}
	servers, err := dataplane.New(in, authority, testnet.Claim(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := servers.Close(); err != nil {
			t.Error(err)
		}
	})
	env := newTestEnv(t, nil, func(c *Config) { c.Plane = servers })
	return &account{rds.NewFromConfig(env.config()), env, servers, authority}
}

// masterPassword is the password of every cluster's master user at its creation.
const masterPassword = "the-first-password"

// newCluster creates a cluster with the rows 1 and 2.
func (a *account) newCluster(t *testing.T, id string) *types.DBCluster {
	t.Helper()
	created := createCluster(t, a.Client, id, func(in *rds.CreateDBClusterInput) {
		in.ManageMasterUserPassword, in.MasterUserSecretKmsKeyId, in.MasterUserPassword = nil, nil, aws.String(masterPassword)
		in.EngineVersion, in.BackupRetentionPeriod = aws.String("16.11"), aws.Int32(3)
	})
	a.execute(t, *created.Endpoint, `CREATE TABLE items (id int); INSERT INTO items VALUES (1), (2)`)
	return created
}

// connect logs in to a cluster as its master user.
func (a *account) connect(t *testing.T, host, password string) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig(fmt.Sprintf("postgres://%s:5432/items?sslmode=verify-full", host))
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.TLSConfig = "master", password, &tls.Config{RootCAs: a.authority.Pool(), ServerName: host}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	}
	return conn, err
}

func (a *account) execute(t *testing.T, host, statements string) {
	t.Helper()
	conn, err := a.connect(t, host, masterPassword)
	if err == nil {
		_, err = conn.Exec(t.Context(), statements)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// checkRows fails the test unless the cluster has the rows.
func (a *account) checkRows(t *testing.T, cluster *types.DBCluster, want string) {
	t.Helper()
	conn, err := a.connect(t, *cluster.Endpoint, masterPassword)
	var got string
	if err == nil {
		err = conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM items`).Scan(&got)
	}
	if err != nil || got != want {
		t.Errorf("cluster %s has rows %q, %v, want %q", *cluster.DBClusterIdentifier, got, err, want)
	}
}

func (a *account) restoreSnapshot(t *testing.T, id, snapshot string) *types.DBCluster {
	t.Helper()
	begin := time.Now()
	defer func() { t.Logf("%s restored in %s", id, time.Since(begin)) }()
	restored, err := a.RestoreDBClusterFromSnapshot(t.Context(), &rds.RestoreDBClusterFromSnapshotInput{
		DBClusterIdentifier: &id, SnapshotIdentifier: &snapshot, Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.11"),
	})
	if err != nil {
		t.Fatal(err)
	}
	return restored.DBCluster
}

func TestAClusterIsRestoredToATime(t *testing.T) {
	a := newAccountWithServers(t)
	created := a.newCluster(t, "orders")
	time.Sleep(5 * time.Millisecond) // the call has milliseconds
	before := time.Now()
	time.Sleep(5 * time.Millisecond)
	a.execute(t, *created.Endpoint, `DELETE FROM items; INSERT INTO items VALUES (3)`)
	t.Run("which its source reports as restorable", func(t *testing.T) {
		source := describeCluster(t, a.Client, "orders")
		if source.EarliestRestorableTime.After(before) || source.LatestRestorableTime.Before(before) || time.Since(*source.LatestRestorableTime) > 5*time.Second {
			t.Errorf("restorable from %s to %s", source.EarliestRestorableTime, source.LatestRestorableTime)
		}
	})
	t.Run("with the data of that time, next to its source", func(t *testing.T) {
		restored, err := a.RestoreDBClusterToPointInTime(t.Context(), &rds.RestoreDBClusterToPointInTimeInput{
			DBClusterIdentifier: aws.String("orders-old"), SourceDBClusterIdentifier: aws.String("orders"), RestoreToTime: &before, RestoreType: aws.String("full-copy"),
			Tags: []types.Tag{{Key: aws.String("generation"), Value: aws.String("2")}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := restored.DBCluster
		if *got.Endpoint == *created.Endpoint || *got.EngineVersion != "16.11" || *got.DatabaseName != "items" || *got.MasterUsername != "master" || *got.BackupRetentionPeriod != 3 || len(got.TagList) != 1 {
			t.Errorf("restored %+v", got)
		}
		a.checkRows(t, got, "1,2")
		a.checkRows(t, created, "3")
	})
	t.Run("with the latest data, by the source's resource ID", func(t *testing.T) {
		restored, err := a.RestoreDBClusterToPointInTime(t.Context(), &rds.RestoreDBClusterToPointInTimeInput{
			DBClusterIdentifier: aws.String("orders-new"), SourceDbClusterResourceId: created.DbClusterResourceId, UseLatestRestorableTime: aws.Bool(true),
		})
		if err != nil {
			t.Fatal(err)
		}
		a.checkRows(t, restored.DBCluster, "3")
	})
	t.Run("with the engine version of that time", func(t *testing.T) {
		_, err := a.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("orders"), EngineVersion: aws.String("17.7"), AllowMajorVersionUpgrade: aws.Bool(true), ApplyImmediately: aws.Bool(true)})
		if err != nil {
			t.Fatal(err)
		}
		for id, tt := range map[string]struct {
			until   *time.Time
			version string
		}{"orders-16": {&before, "16.11"}, "orders-17": {nil, "17.7"}} {
			restored, err := a.RestoreDBClusterToPointInTime(t.Context(), &rds.RestoreDBClusterToPointInTimeInput{
				DBClusterIdentifier: &id, SourceDBClusterIdentifier: aws.String("orders"), RestoreToTime: tt.until, UseLatestRestorableTime: aws.Bool(tt.until == nil),
			})
			if err != nil || *restored.DBCluster.EngineVersion != tt.version {
				t.Errorf("restored %+v, %v, want version %s", restored, err, tt.version)
			}
		}
	})
	t.Run("and RDS begins to manage its password", func(t *testing.T) {
		key := "arn:aws:kms:eu-west-1:000000000000:key/k"
		modified, err := a.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{
			DBClusterIdentifier: aws.String("orders-old"), ManageMasterUserPassword: aws.Bool(true), MasterUserSecretKmsKeyId: &key, ApplyImmediately: aws.Bool(true),
		})
		if err != nil {
			t.Fatal(err)
		}
		secret := modified.DBCluster.MasterUserSecret
		if secret == nil || *secret.KmsKeyId != key {
			t.Fatalf("the secret is %+v", secret)
		}
		if _, err := a.connect(t, *modified.DBCluster.Endpoint, masterPassword); err == nil {
			t.Error("the restored password still applies")
		}
		for _, d := range a.servers.Databases() {
			if d.Cluster != "orders-old" {
				continue
			}
			if _, err := a.connect(t, *modified.DBCluster.Endpoint, d.Password); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestASnapshotIsRestored(t *testing.T) {
	a := newAccountWithServers(t)
	created := a.newCluster(t, "orders")
	taken, err := a.CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: aws.String("orders"), DBClusterSnapshotIdentifier: aws.String("before")})
	if err != nil {
		t.Fatal(err)
	}
	a.execute(t, *created.Endpoint, `DELETE FROM items; INSERT INTO items VALUES (3)`)
	begin := time.Now()
	_, err = a.DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{
		DBClusterIdentifier: aws.String("orders"), FinalDBSnapshotIdentifier: aws.String("orders-final"), DeleteAutomatedBackups: aws.Bool(false),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("deleted in %s", time.Since(begin))
	a.checkRows(t, a.restoreSnapshot(t, "orders-before", *taken.DBClusterSnapshot.DBClusterSnapshotArn), "1,2")
	a.checkRows(t, a.restoreSnapshot(t, "orders", "orders-final"), "3")
	t.Run("the deleted cluster is restored from its retained backups", func(t *testing.T) {
		backups, err := a.DescribeDBClusterAutomatedBackups(t.Context(), &rds.DescribeDBClusterAutomatedBackupsInput{DbClusterResourceId: created.DbClusterResourceId})
		if err != nil || len(backups.DBClusterAutomatedBackups) != 1 {
			t.Fatalf("%+v, %v", backups, err)
		}
		restored, err := a.RestoreDBClusterToPointInTime(t.Context(), &rds.RestoreDBClusterToPointInTimeInput{
			DBClusterIdentifier: aws.String("orders-again"), SourceDbClusterResourceId: created.DbClusterResourceId, RestoreToTime: backups.DBClusterAutomatedBackups[0].RestoreWindow.LatestTime,
		})
		if err != nil {
			t.Fatal(err)
		}
		a.checkRows(t, restored.DBCluster, "3")
	})
	t.Run("until the backups are deleted", func(t *testing.T) {
		again := func() error {
			_, err := a.RestoreDBClusterToPointInTime(t.Context(), &rds.RestoreDBClusterToPointInTimeInput{
				DBClusterIdentifier: aws.String("orders-late"), SourceDbClusterResourceId: created.DbClusterResourceId, UseLatestRestorableTime: aws.Bool(true),
			})
			return err
		}
		deleted, err := a.DeleteDBClusterAutomatedBackup(t.Context(), &rds.DeleteDBClusterAutomatedBackupInput{DbClusterResourceId: created.DbClusterResourceId})
		if err != nil || *deleted.DBClusterAutomatedBackup.DBClusterIdentifier != "orders" {
			t.Fatalf("deleted %+v, %v", deleted, err)
		}
		checkCode(t, again(), "DBClusterAutomatedBackupNotFoundFault")
	})
	t.Run("until the snapshot is deleted", func(t *testing.T) {
		if _, err := a.DeleteDBClusterSnapshot(t.Context(), &rds.DeleteDBClusterSnapshotInput{DBClusterSnapshotIdentifier: aws.String("before")}); err != nil {
			t.Fatal(err)
		}
		_, err := a.RestoreDBClusterFromSnapshot(t.Context(), &rds.RestoreDBClusterFromSnapshotInput{
			DBClusterIdentifier: aws.String("orders-late"), SnapshotIdentifier: aws.String("before"), Engine: aws.String("aurora-postgresql"),
		})
		checkCode(t, err, "DBClusterSnapshotNotFoundFault")
	})
}

func TestARestoreThatAWSRejectsIsRejected(t *testing.T) {
	a := newAccountWithServers(t)
	created := a.newCluster(t, "orders")
	_, err := a.CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: aws.String("orders"), DBClusterSnapshotIdentifier: aws.String("taken")})
	if err != nil {
		t.Fatal(err)
	}
	snapshot := func(change func(*rds.RestoreDBClusterFromSnapshotInput)) func() error {
		input := &rds.RestoreDBClusterFromSnapshotInput{DBClusterIdentifier: aws.String("new"), SnapshotIdentifier: aws.String("taken"), Engine: aws.String("aurora-postgresql"), EngineVersion: aws.String("16.11")}
		change(input)
		return func() error { _, err := a.RestoreDBClusterFromSnapshot(t.Context(), input); return err }
	}
	point := func(change func(*rds.RestoreDBClusterToPointInTimeInput)) func() error {
		input := &rds.RestoreDBClusterToPointInTimeInput{DBClusterIdentifier: aws.String("new"), SourceDBClusterIdentifier: aws.String("orders"), UseLatestRestorableTime: aws.Bool(true)}
		change(input)
		return func() error { _, err := a.RestoreDBClusterToPointInTime(t.Context(), input); return err }
	}
	at := func(in *rds.RestoreDBClusterToPointInTimeInput, until time.Time) {
		in.UseLatestRestorableTime, in.RestoreToTime = nil, &until
	}
	raw := func(parameters map[string]string) func() error {
		return func() error {
			_, err := a.env.client().Query(t.Context(), "rds", "2014-10-31", parameters)
			var response *emulator.Error
			if !errors.As(err, &response) {
				return err
			}
			body, err := xmltree.Parse([]byte(response.Body))
			if err != nil {
				return err
			}
			return &smithy.GenericAPIError{Code: body.First("Code").Text, Message: body.First("Message").Text}
		}
	}
	for name, tt := range map[string]struct {
		code string
		do   func() error
	}{
		"a snapshot that does not exist":          {"DBClusterSnapshotNotFoundFault", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.SnapshotIdentifier = aws.String("other") })},
		"an existing identifier, from a snapshot": {"DBClusterAlreadyExistsFault", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.DBClusterIdentifier = aws.String("orders") })},
		"a version before the snapshot's":         {"InvalidParameterCombination", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.EngineVersion = aws.String("16.9") })},
		"another engine than the snapshot's":      {"InvalidParameterCombination", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.Engine = aws.String("aurora-mysql") })},
		"another database than the snapshot's":    {"SandboxNotServed", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.DatabaseName = aws.String("other") })},
		"a parameter that is not served":          {"SandboxNotServed", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.Domain = aws.String("d-1") })},
		"an invalid identifier":                   {"InvalidParameterValue", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.DBClusterIdentifier = aws.String("a--b") })},
		"a subnet group that does not exist":      {"DBSubnetGroupNotFoundFault", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.DBSubnetGroupName = aws.String("none") })},
		"a parameter group that does not exist":   {"DBClusterParameterGroupNotFound", snapshot(func(in *rds.RestoreDBClusterFromSnapshotInput) { in.DBClusterParameterGroupName = aws.String("none") })},
		"a source that does not exist":            {"DBClusterNotFoundFault", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.SourceDBClusterIdentifier = aws.String("other") })},
		"a resource ID that does not exist": {"DBClusterAutomatedBackupNotFoundFault", point(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.SourceDBClusterIdentifier, in.SourceDbClusterResourceId = nil, aws.String("cluster-NONE")
		})},
		"two sources": {"InvalidParameterCombination", point(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.SourceDbClusterResourceId = created.DbClusterResourceId
		})},
		"an existing identifier, to a time":         {"DBClusterAlreadyExistsFault", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.DBClusterIdentifier = aws.String("orders") })},
		"a time before the earliest restorable one": {"InvalidParameterValue", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { at(in, time.Now().Add(-time.Hour)) })},
		"a time after the latest restorable one":    {"InvalidParameterValue", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { at(in, time.Now().Add(time.Hour)) })},
		"both a time and the latest one":            {"InvalidParameterCombination", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.RestoreToTime = aws.Time(time.Now()) })},
		"neither a time nor the latest one":         {"InvalidParameterCombination", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.UseLatestRestorableTime = nil })},
		"a time for a clone": {"InvalidParameterCombination", point(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			at(in, time.Now())
			in.RestoreType = aws.String("copy-on-write")
		})},
		"a clone":                    {"SandboxNotServed", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.RestoreType = aws.String("copy-on-write") })},
		"an unknown type of restore": {"InvalidParameterValue", point(func(in *rds.RestoreDBClusterToPointInTimeInput) { in.RestoreType = aws.String("half-copy") })},
		"a key for a source that is not encrypted": {"InvalidParameterCombination", point(func(in *rds.RestoreDBClusterToPointInTimeInput) {
			in.KmsKeyId = aws.String("arn:aws:kms:eu-west-1:000000000000:key/k")
		})},
		"the master user's password, from a snapshot": {"InvalidParameterCombination", raw(map[string]string{"Action": "RestoreDBClusterFromSnapshot", "DBClusterIdentifier": "new", "SnapshotIdentifier": "taken", "Engine": "aurora-postgresql", "MasterUserPassword": "another-password"})},
		"the master user's password, to a time":       {"InvalidParameterCombination", raw(map[string]string{"Action": "RestoreDBClusterToPointInTime", "DBClusterIdentifier": "new", "SourceDBClusterIdentifier": "orders", "UseLatestRestorableTime": "true", "MasterUserPassword": "another-password"})},
		"no identifier":                               {"MissingParameter", raw(map[string]string{"Action": "RestoreDBClusterToPointInTime", "SourceDBClusterIdentifier": "orders", "UseLatestRestorableTime": "true"})},
		"a snapshot of a name that exists": {"DBClusterSnapshotAlreadyExistsFault", func() error {
			_, err := a.CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: aws.String("orders"), DBClusterSnapshotIdentifier: aws.String("taken")})
			return err
		}},
		"a snapshot of a cluster that does not exist": {"DBClusterNotFoundFault", func() error {
			_, err := a.CreateDBClusterSnapshot(t.Context(), &rds.CreateDBClusterSnapshotInput{DBClusterIdentifier: aws.String("other"), DBClusterSnapshotIdentifier: aws.String("second")})
			return err
		}},
		"the deletion of a snapshot that does not exist": {"DBClusterSnapshotNotFoundFault", func() error {
			_, err := a.DeleteDBClusterSnapshot(t.Context(), &rds.DeleteDBClusterSnapshotInput{DBClusterSnapshotIdentifier: aws.String("other")})
			return err
		}},
		"the deletion of backups that were not retained": {"DBClusterAutomatedBackupNotFoundFault", func() error {
			_, err := a.DeleteDBClusterAutomatedBackup(t.Context(), &rds.DeleteDBClusterAutomatedBackupInput{DbClusterResourceId: created.DbClusterResourceId})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) { checkCode(t, tt.do(), tt.code) })
	}
	if left := a.servers.Databases(); len(left) != 1 {
		t.Errorf("the rejected calls have left %d servers, want one", len(left))
	}
}
