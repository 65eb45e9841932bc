package audit

import (
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// The shortest periods for which deleted data must remain restorable, in days.
const (
	minBackupDays   = 7
	minRecoveryDays = 7
)

// durabilityJudges are the types whose data cannot be recreated, each with what AWS must keep when Pulumi's own
// protection is removed.
var durabilityJudges = map[string]func(*graph.Graph, *report, *graph.Resource){
	types.Cluster: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.True("deletionProtection"), "set deletionProtection", "can be deleted by any caller with the permission")
		want(p, r, !r.True("skipFinalSnapshot") && r.Text("finalSnapshotIdentifier") != "", "set finalSnapshotIdentifier and not skipFinalSnapshot", "leaves no snapshot when it is deleted")
		want(p, r, r.Number("backupRetentionPeriod") >= minBackupDays, "raise backupRetentionPeriod", "keeps backups for less than a week")
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
		want(p, r, r.Number("deletionWindowInDays") >= minRecoveryDays, "raise deletionWindowInDays", "is deleted for good in less than a week")
	},
	types.Zone: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, !r.True("forceDestroy"), "set forceDestroy to false", "is deleted with records that others created")
	},
	types.Secret: func(_ *graph.Graph, p *report, r *graph.Resource) {
		want(p, r, r.Number("recoveryWindowInDays") >= minRecoveryDays, "raise recoveryWindowInDays", "cannot be restored after it is deleted")
	},
}

// restorable are types that need no protection of Pulumi's: AWS can restore them for a while.
var restorable = map[string]bool{types.Secret: true}

// retiring is whether the stack's configuration has removed the protection of a cluster that a restore replaced
// (docs/how-to/restore-the-database.md). It must still leave a snapshot.
func retiring(r *graph.Resource) bool {
	return r.Type == types.Cluster && r.Text("tags", "retiring") == "true" && !r.True("skipFinalSnapshot")
}

// durability requires that a destroy loses no data unless an operator first changes a setting.
func durability(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		judge, ok := durabilityJudges[r.Type]
		if !ok {
			continue
		}
		if retiring(r) {
			p.fact("%s %s is being retired: another cluster has its data", r.Type, r.Name)
			continue
		}
		judge(g, &p, r)
		if restorable[r.Type] {
			p.fact("%s %s can be restored for %v days", r.Type, r.Name, r.Number("recoveryWindowInDays"))
			continue
		}
		want(&p, r, r.Protect || r.RetainOnDelete, "set protect in the stack's configuration", "is deleted by a destroy, and by a change that replaces it")
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
