package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestADestroyLosesNoDataByItself(t *testing.T) {
	const gone = ": is deleted by a destroy, and by a change that replaces it"
	check(t, "durability", map[string]example{
		"a cluster that a destroy deletes": {func(s stack) { s.one(types.Cluster, "").Protect = false }, []string{"data-cluster" + gone}},
		"a zone that a destroy does not delete": {func(s stack) {
			zone := s.one(types.Zone, "")
			zone.Protect, zone.RetainOnDelete = false, true
		}, nil},
		"a cluster that AWS deletes": {func(s stack) { s.set(types.Cluster, "", "deletionProtection", false) }, []string{
			"data-cluster: can be deleted by any caller with the permission",
		}},
		"a cluster that is being retired": {func(s stack) {
			cluster := s.one(types.Cluster, "")
			cluster.Protect = false
			s.set(types.Cluster, "", "deletionProtection", false)
			s.set(types.Cluster, "", "tags", map[string]any{"retiring": "true"})
		}, nil},
		"a cluster that is being retired without a last snapshot": {func(s stack) {
			s.set(types.Cluster, "", "tags", map[string]any{"retiring": "true"})
			s.set(types.Cluster, "", "skipFinalSnapshot", true)
		}, []string{"data-cluster: leaves no snapshot when it is deleted"}},
		"a cluster without a last snapshot": {func(s stack) { s.set(types.Cluster, "", "skipFinalSnapshot", true) }, []string{
			"data-cluster: leaves no snapshot when it is deleted",
		}},
		"backups of a day": {func(s stack) { s.set(types.Cluster, "", "backupRetentionPeriod", 1.0) }, []string{
			"data-cluster: keeps backups for less than a week",
		}},
		"a cache without protection and snapshots": {func(s stack) {
			s.one(types.ReplicationGroup, "").Protect = false
			s.set(types.ReplicationGroup, "", "snapshotRetentionLimit", 0.0)
		}, []string{"data-cache" + gone, "data-cache: keeps no snapshots"}},
		"a bucket that is emptied": {func(s stack) { s.set(types.Bucket, "", "forceDestroy", true) }, []string{
			"data-files: is deleted with everything in it",
		}},
		"a bucket without versions": {func(s stack) {
			s.set(types.BucketVersioning, "", "versioningConfiguration", map[string]any{"status": "Suspended"})
		}, []string{"data-files: loses a file that is overwritten"}},
		"a key without its protection": {func(s stack) { s.one(types.Key, "data-key").Protect = false }, []string{"data-key" + gone}},
		"a zone with everybody's records": {func(s stack) { s.set(types.Zone, "", "forceDestroy", true) }, []string{
			"dns-zone: is deleted with records that others created",
		}},
		"a secret that is gone at once": {func(s stack) { s.set(types.Secret, "data-app", "recoveryWindowInDays", 0.0) }, []string{
			"data-app: cannot be restored after it is deleted",
		}},
	})
}

func TestEveryTypeWithADurabilityJudgeHoldsData(t *testing.T) {
	for token := range durabilityJudges {
		if !types.Of(token).HoldsData {
			t.Errorf("%s has a durability rule, and by its row in ops/types it has no data", token)
		}
	}
}
