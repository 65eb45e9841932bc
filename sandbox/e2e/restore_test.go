package e2e

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// checkRestore deletes and changes items, and restores a stack with a proxy, with its deploy role, to the second before:
// the API serves the former items, from the database and from the cache. Then it retires the former cluster. A rotation
// after that second has the restored database's user have another password than the stack's secret. The former cluster
// leaves a final snapshot, which checkSnapshot restores.
func checkRestore(t *testing.T, out outputs) {
	t.Helper()
	reader, deploy := pipelineRoles(t, out)
	if proxyTarget(t, out) == "" {
		manage(t, deploy, restoring(t, out, nil), "up", "--yes", "--skip-preview", "--exclude", identities)
	}
	put := func(id, value string) {
		t.Helper()
		if got := request(t, out, http.MethodPut, "/items/"+id, `{"n":"`+value+`"}`); got.status/100 != 2 {
			t.Fatalf("PUT: %d\n%s", got.status, got.body)
		}
	}
	put("e2e-changed", "before")
	put("e2e-deleted", "before")
	time.Sleep(time.Second) // times have whole seconds
	at := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
	time.Sleep(2 * time.Second)
	put("e2e-changed", "mistake")
	if got := request(t, out, http.MethodDelete, "/items/e2e-deleted", ""); got.status != http.StatusNoContent {
		t.Fatalf("DELETE: %d\n%s", got.status, got.body)
	}
	item(t, out, "e2e-changed", "miss", "mistake")
	item(t, out, "e2e-changed", "hit", "mistake")
	rotate(t, out, functionEnvironment(t, out)["DB_SECRET_ARN"], func() {})

	step := func(previous string, from map[string]any) string {
		return restoring(t, out, map[string]any{"generation": 2, "previous": previous, "restoreFrom": from})
	}
	kept, retired := step("kept", map[string]any{"time": at}), step("retired", map[string]any{})
	if p := previewConfig(t, reader, step("", map[string]any{"time": at})); !said(p, "previous is not set; must be kept, then retiring") {
		t.Errorf("a restore that deletes its source is not rejected: %v", p.Diagnostics)
	}
	if p := previewConfig(t, reader, retired); !said(p, "cannot be deleted") {
		t.Errorf("the deletion of the protected source is not rejected: %v", p.Diagnostics)
	}
	manage(t, deploy, kept, "up", "--yes", "--skip-preview", "--exclude", identities)
	item(t, out, "e2e-changed", "miss", "before")
	item(t, out, "e2e-changed", "hit", "before")
	item(t, out, "e2e-deleted", "miss", "before")
	put("e2e-changed", "after")
	item(t, out, "e2e-changed", "miss", "after")
	checkFormerCluster(t, out)

	manage(t, deploy, step("retiring", map[string]any{"time": at}), "up", "--yes", "--skip-preview", "--exclude", identities)
	manage(t, deploy, retired, "up", "--yes", "--skip-preview", "--exclude", identities)
	manage(t, deploy, retired, "refresh", "--preview-only", "--expect-no-changes")
	item(t, out, "e2e-changed", "", "after") // entries may have expired
	item(t, out, "e2e-deleted", "", "before")
	if found, target := clusters(t, out), proxyTarget(t, out); len(found) != 1 || !strings.Contains(found[0], "-cluster-2-") || target != found[0] {
		t.Errorf("the stack has the clusters %v, and %s behind the proxy", found, target)
	}
}

// clusters are the identifiers of a stack's clusters.
func clusters(t *testing.T, out outputs) []string {
	t.Helper()
	found, err := rds.NewFromConfig(awsConfig(out)).DescribeDBClusters(context.Background(), &rds.DescribeDBClustersInput{})
	if err != nil {
		t.Fatal(err)
	}
	var own []string
	for _, cluster := range found.DBClusters {
		if id := aws.ToString(cluster.DBClusterIdentifier); strings.HasPrefix(id, "didomi-"+out.Stack+"-data-cluster") {
			own = append(own, id)
		}
	}
	return own
}

// proxyTarget is the cluster behind a stack's proxy; empty: it has no proxy.
func proxyTarget(t *testing.T, out outputs) string {
	t.Helper()
	client := rds.NewFromConfig(awsConfig(out))
	proxies, err := client.DescribeDBProxies(context.Background(), &rds.DescribeDBProxiesInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, proxy := range proxies.DBProxies {
		if !strings.HasPrefix(aws.ToString(proxy.DBProxyName), "didomi-"+out.Stack+"-data-proxy") {
			continue
		}
		targets, err := client.DescribeDBProxyTargets(context.Background(), &rds.DescribeDBProxyTargetsInput{DBProxyName: proxy.DBProxyName})
		if err != nil || len(targets.Targets) == 0 {
			t.Fatalf("the proxy has %v, %v", targets, err)
		}
		return cmp.Or(aws.ToString(targets.Targets[0].TrackedClusterId), aws.ToString(targets.Targets[0].RdsResourceId))
	}
	return ""
}

// restoring is the file of the stack after checkZones with settings of the database.
func restoring(t *testing.T, out outputs, database map[string]any) string {
	t.Helper()
	return dataConfig(t, out, map[string]any{"database": database})
}

// dataConfig is that file with settings of the component data.
func dataConfig(t *testing.T, out outputs, settings map[string]any) string {
	t.Helper()
	data := map[string]any{
		"database": map[string]any{"minCapacity": 0.5, "version": minorVersion, "finalSnapshot": true}, "proxy": map[string]any{"enabled": true},
	}
	return configWith(t, out, map[string]any{"didomi:data": overlay(data, settings), "didomi:network": map[string]any{"zones": 3, "nat": "single"}})
}

// checkFormerCluster checks that ops lists both clusters of a restore, each as what it is.
func checkFormerCluster(t *testing.T, out outputs) {
	t.Helper()
	state := exportState(t, out)
	if drawn := ops(t, "diagram", "--state", state); strings.Count(drawn, ">Aurora PostgreSQL<") != 2 || strings.Count(drawn, ">the former cluster<") != 1 || !strings.Contains(drawn, ">2 Aurora clusters<") {
		t.Errorf("the diagram has not both clusters:\n%s", drawn)
	}
	printed, _ := operator{out: out, program: buildOps(t), state: state}.run(t, "status", "--only", "capacity", "--json")
	if strings.Count(printed, `"name": "database didomi-`) != 1 || strings.Count(printed, `"name": "former database didomi-`) != 1 || !strings.Contains(printed, "is kept by a restore") {
		t.Errorf("the status has not both clusters:\n%s", printed)
	}
}

// checkSnapshot restores the final snapshot of the cluster that checkRestore has retired, after checkUpgrade: with a later
// engine version than it has, next to the second cluster.
func checkSnapshot(t *testing.T, out outputs) {
	t.Helper()
	if found := clusters(t, out); len(found) != 1 || !strings.Contains(found[0], "-cluster-2-") { // this step runs alone
		checkUpgrade(t, out)
	}
	_, deploy := pipelineRoles(t, out)
	manage(t, deploy, dataConfig(t, out, fromSnapshot(t, out)), "up", "--yes", "--skip-preview", "--exclude", identities)
	item(t, out, "e2e-changed", "miss", "mistake")
	if got := request(t, out, http.MethodGet, "/items/e2e-deleted", ""); got.status != http.StatusNotFound {
		t.Errorf("the item that was deleted before the snapshot: %d\n%s", got.status, got.body)
	}
	if found, target := clusters(t, out), proxyTarget(t, out); len(found) != 2 || !strings.Contains(target, "-cluster-3-") {
		t.Errorf("the stack has the clusters %v, and %s behind the proxy", found, target)
	}
}

// fromSnapshot are the settings of data after checkUpgrade with a third cluster, from the final snapshot of the first.
func fromSnapshot(t *testing.T, out outputs) map[string]any {
	t.Helper()
	found, err := rds.NewFromConfig(awsConfig(out)).DescribeDBClusterSnapshots(context.Background(), &rds.DescribeDBClusterSnapshotsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, snapshot := range found.DBClusterSnapshots {
		name := aws.ToString(snapshot.DBClusterSnapshotIdentifier)
		if strings.HasPrefix(name, "didomi-"+out.Stack+"-data-final-") && aws.ToString(snapshot.EngineVersion) == minorVersion {
			return overlay(upgraded(), map[string]any{"database": map[string]any{
				"generation": 3, "previous": "kept", "restoreFrom": map[string]any{"snapshot": name},
			}}).(map[string]any)
		}
	}
	t.Fatalf("the retired cluster has left no final snapshot of version %s: %v", minorVersion, found.DBClusterSnapshots)
	return nil
}
