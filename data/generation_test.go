package data

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

const (
	clusterType  = "aws:rds/cluster:Cluster"
	instanceType = "aws:rds/clusterInstance:ClusterInstance"
)

// restored is prod after a restore to a time, with the previous cluster in this state.
func restored(previous Previous) Config {
	c := prod()
	c.Database.Generation, c.Database.Previous = 2, previous
	if previous != Retired {
		c.Database.RestoreFrom.Time = "2026-12-02T11:00:00+01:00"
	}
	return c
}

// names are the sorted names of the resources of a type.
func names(r *mocks.Recorder, token string) []string {
	var list []string
	for _, res := range r.OfType(token) {
		list = append(list, res.Name)
	}
	slices.Sort(list)
	return list
}

func TestARestoreCreatesAClusterNextToItsSource(t *testing.T) {
	before, _ := build(t, prod())
	r, outputs := build(t, restored(Kept))
	source, cluster := r.Find(t, clusterType, "data-cluster"), r.Find(t, clusterType, "data-cluster-2")
	want := maps.Clone(before.Find(t, clusterType, "data-cluster").Inputs)
	want["finalSnapshotIdentifier"] = source.Inputs["finalSnapshotIdentifier"]
	if !reflect.DeepEqual(source.Inputs, want) || !source.Options.Protect {
		t.Errorf("the source becomes %v, protected %v; want %v", source.Inputs, source.Options.Protect, want)
	}
	want = maps.Clone(want)
	want["clusterIdentifier"] = "data-cluster-2-0a1b2c3d"
	want["finalSnapshotIdentifier"] = cluster.Inputs["finalSnapshotIdentifier"]
	want["restoreToPointInTime"] = map[string]any{
		"sourceClusterIdentifier": "data-cluster-id", "restoreToTime": "2026-12-02T10:00:00Z", "restoreType": "full-copy",
	}
	if !reflect.DeepEqual(cluster.Inputs, want) || !cluster.Options.Protect || cluster.ParentName() != "data" {
		t.Errorf("the restored cluster is %v, protected %v, below %s; want %v", cluster.Inputs, cluster.Options.Protect, cluster.Parent, want)
	}
	if snapshot, _ := cluster.Inputs["finalSnapshotIdentifier"].(string); !strings.HasPrefix(snapshot, "data-gen2-final-") {
		t.Errorf("its final snapshot is %q", snapshot)
	}
	if got := names(r, instanceType); !slices.Equal(got, []string{"data-gen2-1", "data-gen2-2", "data-instance-1", "data-instance-2"}) {
		t.Errorf("the instances are %v", got)
	}
	if got := r.Find(t, instanceType, "data-gen2-1").Inputs["clusterIdentifier"]; got != "data-cluster-2-id" {
		t.Errorf("the restored cluster's writer is in %v", got)
	}
	if got := r.Find(t, "aws:cloudwatch/logGroup:LogGroup", "data-cluster-2").Inputs["name"]; got != "/aws/rds/cluster/data-cluster-2-0a1b2c3d/postgresql" {
		t.Errorf("its log group is %v", got)
	}
	if target := r.Find(t, "aws:rds/proxyTarget:ProxyTarget", "data-proxy"); target.Inputs["dbClusterIdentifier"] != "data-cluster-2-id" || !target.DependsOn("data-gen2-1") {
		t.Errorf("the proxy's target is %v after %v", target.Inputs, target.Options.DependsOn)
	}
	if outputs["clusterIdentifier"] != "data-cluster-2-0a1b2c3d" || outputs["databaseHost"] != "proxy.example" {
		t.Errorf("the outputs are %v: alarms follow the new cluster, the functions' host stays", outputs)
	}
}

// Only what is restored is new: the proxy, its role and everything else is the same resource as before.
func TestARestoreRenamesNothingThatExists(t *testing.T) {
	before, _ := build(t, prod())
	r, _ := build(t, restored(Kept))
	all := map[string]bool{}
	for _, res := range r.All() {
		all[res.Type+" "+res.Name] = true
	}
	for _, res := range before.All() {
		if !all[res.Type+" "+res.Name] {
			t.Errorf("%s %s is missing, so the update would delete it", res.Type, res.Name)
		}
	}
	if got, want := len(r.All())-len(before.All()), 4; got != want {
		t.Errorf("%d resources more, want %d: a cluster, its log group and two instances", got, want)
	}
}

func TestARestoreFromASnapshotHasNoSource(t *testing.T) {
	const snapshot = "rds:didomi-prod-data-cluster-0a1b2c3d-2026-12-02-02-05"
	for _, previous := range []Previous{Kept, Retired} {
		c := restored(previous)
		c.Database.RestoreFrom = Restore{Snapshot: snapshot}
		r, _ := build(t, c)
		inputs := r.Find(t, clusterType, "data-cluster-2").Inputs
		if inputs["snapshotIdentifier"] != snapshot || inputs["restoreToPointInTime"] != nil {
			t.Errorf("%s: it is restored from %v, %v", previous, inputs["snapshotIdentifier"], inputs["restoreToPointInTime"])
		}
	}
}

func TestTheStepsOfARestoreReleaseTheSource(t *testing.T) {
	for _, tt := range []struct {
		previous  Previous
		clusters  []string
		protected bool
	}{
		{Kept, []string{"data-cluster", "data-cluster-2"}, true},
		{Retiring, []string{"data-cluster", "data-cluster-2"}, false},
		{Retired, []string{"data-cluster-2"}, true},
	} {
		t.Run(string(tt.previous), func(t *testing.T) {
			r, _ := build(t, restored(tt.previous))
			if got := names(r, clusterType); !slices.Equal(got, tt.clusters) {
				t.Fatalf("the clusters are %v, want %v", got, tt.clusters)
			}
			cluster := r.Find(t, clusterType, tt.clusters[0])
			if cluster.Options.Protect != tt.protected || cluster.Inputs["deletionProtection"] != tt.protected || cluster.Inputs["skipFinalSnapshot"] != false {
				t.Errorf("%s is registered as %v, protected %v", cluster.Name, cluster.Inputs, cluster.Options.Protect)
			}
			if tags, _ := cluster.Inputs["tags"].(map[string]any); (tags["retiring"] == "true") != (tt.previous == Retiring) {
				t.Errorf("%s has the tags %v", cluster.Name, tags)
			}
			present := r.Find(t, clusterType, "data-cluster-2")
			if !present.Options.Protect || present.Inputs["deletionProtection"] != true || present.Inputs["tags"] != nil {
				t.Errorf("the present cluster is registered as %v", present.Inputs)
			}
		})
	}
}

// The provider replaces a cluster whose origin differs from its state.
func TestAClusterIgnoresWhereItsDataCameFrom(t *testing.T) {
	for name, c := range map[string]Config{"data-cluster-2": restored(Retired), "data-cluster": prod()} {
		r, _ := build(t, c)
		want := []string{"finalSnapshotIdentifier"}
		if name == "data-cluster-2" {
			want = append(want, "restoreToPointInTime", "snapshotIdentifier")
		}
		if got := r.Find(t, clusterType, name).Options.IgnoreChanges; !slices.Equal(got, want) {
			t.Errorf("%s ignores %v, want %v", name, got, want)
		}
	}
	// A restored cluster is the next restore's source, without its own origin.
	c := restored(Kept)
	c.Database.Generation = 3
	r, _ := build(t, c)
	source := r.Find(t, clusterType, "data-cluster-2")
	if source.Inputs["restoreToPointInTime"] != nil || !slices.Contains(source.Options.IgnoreChanges, "restoreToPointInTime") {
		t.Errorf("the source is %v, ignoring %v", source.Inputs["restoreToPointInTime"], source.Options.IgnoreChanges)
	}
	if from := r.Find(t, clusterType, "data-cluster-3").Inputs["restoreToPointInTime"].(map[string]any); from["sourceClusterIdentifier"] != "data-cluster-2-id" {
		t.Errorf("generation 3 is restored from %v", from)
	}
}

func TestTheProxyHasTheSecretOfTheRestoredClustersMasterUser(t *testing.T) {
	masters := map[string]string{"data-cluster": "arn:master-1", "data-cluster-2": "arn:master-2"}
	outputs := maps.Clone(computed)
	outputs[clusterType] = func(r mocks.Resource) map[string]any {
		return map[string]any{"masterUserSecrets": []any{map[string]any{"secretArn": masters[r.Name]}}, "clusterResourceId": r.Name + "-id"}
	}
	original := computed
	computed = outputs
	defer func() { computed = original }()
	r, told := build(t, restored(Kept))
	auths := r.Find(t, "aws:rds/proxy:Proxy", "data-proxy").Inputs["auths"].([]any)
	if got := auths[0].(map[string]any)["secretArn"]; got != "arn:master-2" || told["masterSecretArn"] != "arn:master-2" || len(auths) != 2 {
		t.Errorf("the proxy logs in with %v, the migration with %s", auths, told["masterSecretArn"])
	}
	if !strings.HasSuffix(told["proxyTarget"], " data-cluster-2-id") {
		t.Errorf("the proxy's target is %q: the migration waits for another one", told["proxyTarget"])
	}
}
