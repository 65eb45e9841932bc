package e2e

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/sandbox/metrics"
)

// uncopied is how many minutes after a copy copies-database is in ALARM: its 48 hours, the two hours further that an alarm
// with missing data looks back in the sandbox, and the minute of the copy.
const uncopied = 50*60 + 1

// copyCauses are those of alarms on the copies in another region.
func copyCauses() []alarmCause {
	return []alarmCause{
		{
			name: "one of two files has no copy, as S3 may not assume the replication's role", first: "copies-files", alarms: map[string]int{"copies-files": 1}, mistaken: "Minimum",
			minute: func(t *testing.T, w *watched) {
				w.upload(t, "e2e/copied", types.ReplicationStatusCompleted)
				defer trustPolicy(t, iam.NewFromConfig(awsConfig(w.out)), w.replicationRole(t), lambdaTrust)()
				w.upload(t, "e2e/not-copied", types.ReplicationStatusFailed)
			},
		},
		{
			name: "no copy of the database completes for two days", first: "copies-database", alarms: map[string]int{"copies-database": settled},
			begin: func(t *testing.T, w *watched) { w.pass(t, uncopied-settled) },
			end:   func(t *testing.T, w *watched) { w.copyDatabase(t) },
		},
	}
}

// copyDatabase counts a daily copy of the database as completed, where the stack has copies: the sandbox makes none.
func (w *watched) copyDatabase(t *testing.T) {
	t.Helper()
	if w.stack.copiesVault == "" {
		return
	}
	w.put(t, metrics.Metric{Namespace: "AWS/Backup", Name: "NumberOfCopyJobsCompleted", Dimensions: map[string]string{"BackupVaultName": w.stack.copiesVault}}, 1)
}

// upload uploads a file through the API and checks the status of its replication.
func (w *watched) upload(t *testing.T, key string, want types.ReplicationStatus) {
	t.Helper()
	sendPresigned(t, requestUpload(t, w.out, key, len(key)).presigned, key)
	head, err := s3.NewFromConfig(awsConfig(w.out)).HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &w.out.Bucket, Key: &key})
	if err != nil || head.ReplicationStatus != want {
		t.Fatalf("the uploaded file %s: %+v, %v; want %s", key, head, err, want)
	}
}

// replicationRole is the role with which S3 copies files.
func (w *watched) replicationRole(t *testing.T) string {
	t.Helper()
	found, err := s3.NewFromConfig(awsConfig(w.out)).GetBucketReplication(t.Context(), &s3.GetBucketReplicationInput{Bucket: &w.out.Bucket})
	if err != nil {
		t.Fatal(err)
	}
	return last(aws.ToString(found.ReplicationConfiguration.Role))
}

// copiesVault is the vault of a stack's copies; empty: it has none.
func copiesVault(t *testing.T, out outputs) string {
	t.Helper()
	content, err := os.ReadFile(exportState(t, out))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Deployment struct{ Resources []struct{ URN, ID string } }
	}
	if err := json.Unmarshal(content, &state); err != nil {
		t.Fatal(err)
	}
	for _, r := range state.Deployment.Resources {
		if strings.HasSuffix(r.URN, "aws:backup/vault:Vault::didomi-"+out.Stack+"-data-copies") {
			return r.ID
		}
	}
	return ""
}
