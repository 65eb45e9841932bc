package gateway

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/testnet"
)

// account is a gateway whose clusters are real PostgreSQL servers.
type account struct {
	*rds.Client
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
	return &account{rds.NewFromConfig(env.config()), servers, authority}
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
}
