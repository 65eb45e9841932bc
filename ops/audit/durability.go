package audit

import (
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// What a stack that keeps data may lose at the least.
const (
	leastBackupDays   = 7
	leastRecoveryDays = 7
)

// kept are the types that hold what cannot be made again, each with what AWS itself must hold on to
// when Pulumi's own protection is taken away.
var kept = map[string]func(*graph.Graph, *report, *graph.Resource){
	types.Cluster: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.True("deletionProtection"), "set deletionProtection", "AWS would delete it when asked")
		want(p, r, !r.True("skipFinalSnapshot") && r.Text("finalSnapshotIdentifier") != "", "set finalSnapshotIdentifier and not skipFinalSnapshot", "leaves no snapshot when it is deleted")
		want(p, r, r.Number("backupRetentionPeriod") >= leastBackupDays, "raise backupRetentionPeriod", "keeps backups for less than a week")
	},
	types.ReplicationGroup: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.Number("snapshotRetentionLimit") > 0, "set snapshotRetentionLimit", "keeps no snapshots")
	},
	types.Bucket: func(g *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, !r.True("forceDestroy"), "set forceDestroy to false", "is deleted with everything in it")
		versioning := graph.First(pointingAt(g, r, types.BucketVersioning))
		want(p, r, versioning != nil && versioning.Text("versioningConfiguration", "status") == "Enabled", "turn versioning on", "loses a file that is overwritten")
	},
	types.Key: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.Number("deletionWindowInDays") >= leastRecoveryDays, "raise deletionWindowInDays", "is gone sooner than anybody notices")
	},
	types.Zone: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, !r.True("forceDestroy"), "set forceDestroy to false", "is deleted with records that others made")
	},
	types.Secret: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.Number("recoveryWindowInDays") >= leastRecoveryDays, "raise recoveryWindowInDays", "cannot be restored after it is deleted")
	},
}

// restorable are kept types that need no protection of Pulumi's: AWS gives them back for a while.
var restorable = map[string]bool{types.Secret: true}

// durability is what would be lost on destroy: nothing, unless somebody first turns a flag.
func durability(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		judge, ok := kept[r.Type]
		if !ok {
			continue
		}
		judge(g, &p, r)
		if restorable[r.Type] {
			p.fact("%s %s can be restored for %v days", r.Type, r.Name, r.Number("recoveryWindowInDays"))
			continue
		}
		want(&p, r, r.Protect || r.RetainOnDelete, "set protect in the stack's configuration", "goes with a destroy, and with a change that replaces it")
		if r.Protect {
			p.fact("%s %s is protected", r.Type, r.Name)
		}
	}
	return p
}

func want(p *report, r *graph.Resource, holds bool, do, what string) {
	if !holds {
		p.add(r, do, "%s", what)
	}
}
