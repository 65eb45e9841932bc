package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

func checkCode(t *testing.T, err error, code string) {
	t.Helper()
	if errorCode(err) != code {
		t.Errorf("got %v, want %s", err, code)
	}
}

// DeleteDBCluster has the final snapshot's name and DeleteAutomatedBackups, which defaults to true:
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
func TestADeletedClusterRetainsItsSnapshotAndBackups(t *testing.T) {
	client := rds.NewFromConfig(newTestEnv(t, nil).config())
	deletion := func(id, snapshot string, drop *bool) error {
		_, err := client.DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{
			DBClusterIdentifier: &id, FinalDBSnapshotIdentifier: aws.String(snapshot), DeleteAutomatedBackups: drop,
		})
		return err
	}
	snapshots := func() int {
		found, err := client.DescribeDBClusterSnapshots(t.Context(), &rds.DescribeDBClusterSnapshotsInput{DBClusterIdentifier: aws.String("kept")})
		if err != nil {
			t.Fatal(err)
		}
		return len(found.DBClusterSnapshots)
	}
	backups := func(id string) []types.DBClusterAutomatedBackup {
		found, err := client.DescribeDBClusterAutomatedBackups(t.Context(), &rds.DescribeDBClusterAutomatedBackupsInput{DBClusterIdentifier: &id})
		if err != nil {
			t.Fatal(err)
		}
		return found.DBClusterAutomatedBackups
	}
	created := createCluster(t, client, "kept", nil)
	t.Run("an existing identifier is rejected", func(t *testing.T) {
		_, err := client.CreateDBCluster(t.Context(), &rds.CreateDBClusterInput{DBClusterIdentifier: aws.String("kept"), Engine: aws.String("aurora-postgresql")})
		checkCode(t, err, "DBClusterAlreadyExistsFault")
	})
	t.Run("a final snapshot requires a name, and a skipped one must not have one", func(t *testing.T) {
		_, err := client.DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{DBClusterIdentifier: aws.String("kept")})
		checkCode(t, err, "InvalidParameterCombination")
		_, err = client.DeleteDBCluster(t.Context(), &rds.DeleteDBClusterInput{
			DBClusterIdentifier: aws.String("kept"), SkipFinalSnapshot: aws.Bool(true), FinalDBSnapshotIdentifier: aws.String("kept-final"),
		})
		checkCode(t, err, "InvalidParameterCombination")
	})
	t.Run("a rejected deletion leaves no snapshot", func(t *testing.T) {
		protect := func(on bool) {
			if _, err := client.ModifyDBCluster(t.Context(), &rds.ModifyDBClusterInput{DBClusterIdentifier: aws.String("kept"), DeletionProtection: &on}); err != nil {
				t.Fatal(err)
			}
		}
		protect(true)
		checkCode(t, deletion("kept", "kept-final", nil), "InvalidParameterCombination")
		protect(false)
		if snapshots() != 0 {
			t.Error("the final snapshot exists")
		}
	})
	t.Run("the backups and the snapshot are retained", func(t *testing.T) {
		if err := deletion("kept", "kept-final", aws.Bool(false)); err != nil {
			t.Fatal(err)
		}
		if found := backups("kept"); snapshots() != 1 || len(found) != 1 || *found[0].DbClusterResourceId != *created.DbClusterResourceId || *found[0].Status != "retained" {
			t.Errorf("%d snapshots, and the backups %+v", snapshots(), found)
		}
	})
	t.Run("the next cluster of that identifier cannot use the snapshot's name", func(t *testing.T) {
		createCluster(t, client, "kept", nil)
		checkCode(t, deletion("kept", "kept-final", nil), "DBClusterSnapshotAlreadyExistsFault")
		if err := deletion("kept", "kept-final-2", nil); err != nil {
			t.Fatal(err)
		}
		if found := backups("kept"); snapshots() != 2 || len(found) != 1 {
			t.Errorf("%d snapshots and the backups of %d clusters, want those of the first cluster", snapshots(), len(found))
		}
	})
}

// https://github.com/aws/aws-cdk/issues/21758 has the error.
func TestAClustersInstanceCannotBeUpgradedAlone(t *testing.T) {
	client := rds.NewFromConfig(newTestEnv(t, nil).config())
	_, err := client.ModifyDBInstance(t.Context(), &rds.ModifyDBInstanceInput{DBInstanceIdentifier: aws.String("member"), EngineVersion: aws.String("17.7")})
	checkCode(t, err, "InvalidParameterCombination")
}
