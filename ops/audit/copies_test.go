package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestDataHasACopyInAnotherRegion(t *testing.T) {
	const bucket, cluster = "data-files: has no copy of its objects in another region", "data-cluster: has no copy of its snapshots in another region"
	rule := func(s stack, change func(map[string]any)) {
		rules := s.one(types.BucketReplication, "").Inputs["rules"].([]any)
		change(rules[0].(map[string]any))
	}
	check(t, "copies", map[string]example{
		"none of the bucket":        {func(s stack) { s.remove(types.BucketReplication, "") }, []string{bucket}},
		"a replication that is off": {func(s stack) { rule(s, func(r map[string]any) { r["status"] = "Disabled" }) }, []string{bucket}},
		"a part of the bucket": {func(s stack) {
			rule(s, func(r map[string]any) { r["filter"] = map[string]any{"prefix": "invoices/"} })
		}, []string{bucket}},
		"another bucket without one": {func(s stack) { s.add(types.Bucket, "didomi-prod-data-other", nil) }, []string{
			"data-other: has no copy of its objects in another region",
		}},
		"none of the cluster": {func(s stack) { s.remove(types.BackupSelection, "") }, []string{cluster}},
		"a plan without copies": {func(s stack) {
			s.set(types.BackupPlan, "", "rules", []any{map[string]any{"ruleName": "daily"}})
		}, []string{cluster}},
		"another cluster's plan": {func(s stack) {
			s.set(types.BackupSelection, "", "resources", []any{"arn:aws:rds:eu-west-1:000000000000:cluster:other"})
		}, []string{cluster}},
		"none of a cluster that is being retired": {func(s stack) {
			s.remove(types.BackupSelection, "")
			s.set(types.Cluster, "", "tags", map[string]any{"retiring": "true"})
		}, nil},
	})
}
