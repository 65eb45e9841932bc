package audit

import (
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// copies requires that a bucket and a database have a copy in another region: what AWS keeps of them otherwise is in
// the same one.
func copies(g *graph.Graph) report {
	var p report
	const turnOn = "set copies.region in <project>:data (docs/how-to/keep-copies-in-another-region.md)"
	judge := func(r *graph.Resource, copied bool, lost string) {
		if copied {
			p.fact("%s %s has copies in another region", r.Type, r.Name)
			return
		}
		p.add(r, turnOn, "%s", lost)
	}
	for _, bucket := range g.ByType(types.Bucket) {
		if !isReplica(g, bucket) {
			judge(bucket, replicated(g, bucket), "has no copy of its objects in another region")
		}
	}
	for _, cluster := range g.ByType(types.Cluster) {
		if !retiring(cluster) {
			judge(cluster, backedUpElsewhere(g, cluster), "has no copy of its snapshots in another region")
		}
	}
	return p
}

// isReplica is whether another bucket is replicated to this one.
func isReplica(g *graph.Graph, bucket *graph.Resource) bool {
	return slices.ContainsFunc(g.ByType(types.BucketReplication), func(r *graph.Resource) bool {
		return slices.Contains(g.RefsTo(r, "rules", types.Bucket), bucket)
	})
}

// replicated is whether every object of the bucket is replicated: by a rule without a prefix or tags.
func replicated(g *graph.Graph, bucket *graph.Resource) bool {
	return slices.ContainsFunc(pointingAt(g, bucket, types.BucketReplication), func(r *graph.Resource) bool {
		rules, _ := r.Value("rules").([]any)
		return slices.ContainsFunc(rules, func(rule any) bool {
			fields, _ := rule.(map[string]any)
			filter, _ := fields["filter"].(map[string]any)
			prefix, _ := filter["prefix"].(string)
			return fields["status"] == "Enabled" && prefix == "" && filter["and"] == nil && filter["tag"] == nil
		})
	})
}

// backedUpElsewhere is whether a backup plan that copies its recovery points selects the cluster.
func backedUpElsewhere(g *graph.Graph, cluster *graph.Resource) bool {
	return slices.ContainsFunc(g.ByType(types.BackupSelection), func(s *graph.Resource) bool {
		return slices.Contains(g.RefsTo(s, "resources", types.Cluster), cluster) &&
			slices.ContainsFunc(g.RefsTo(s, "planId", types.BackupPlan), copying)
	})
}

func copying(plan *graph.Resource) bool {
	rules, _ := plan.Value("rules").([]any)
	return slices.ContainsFunc(rules, func(rule any) bool {
		fields, _ := rule.(map[string]any)
		actions, _ := fields["copyActions"].([]any)
		return len(actions) > 0
	})
}
