package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

// prod has a proxy, readers, a canary and alarms on its cluster: what dev's restore in the end-to-end test lacks.
func TestARestoreOfProdMovesItsProxyAndAlarmsAndDeletesNothing(t *testing.T) {
	build := func(settings map[string]any) *mocks.Recorder {
		t.Helper()
		r, err := mocks.Mocks{Stack: "prod", Config: databaseValues(t, "Pulumi.prod.yaml", settings), Outputs: mocks.KnownSecrets}.Try(program())
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	before := build(nil)
	after := build(map[string]any{"generation": 2, "previous": "kept", "restoreFrom": map[string]any{"time": "2026-12-02T10:00:00Z"}})
	for _, res := range before.All() {
		if after.Find(t, res.Type, res.Name).Options.Protect != res.Options.Protect {
			t.Errorf("the protection of %s %s changes", res.Type, res.Name)
		}
	}
	target := after.Find(t, "aws:rds/proxyTarget:ProxyTarget", "didomi-prod-data-proxy")
	if to := target.Inputs["dbClusterIdentifier"]; to != "didomi-prod-data-cluster-2-id" {
		t.Errorf("the proxy's target is %v", to)
	}
	for _, name := range []string{"didomi-prod-api-function", "didomi-prod-api-query"} {
		was, is := before.Find(t, "aws:lambda/function:Function", name).Inputs, after.Find(t, "aws:lambda/function:Function", name).Inputs
		if !reflect.DeepEqual(was["environment"], is["environment"]) {
			t.Errorf("%s has the environment %v, was %v", name, is["environment"], was["environment"])
		}
	}
	if purged := after.Find(t, "aws:lambda/invocation:Invocation", "didomi-prod-api-cache-purged"); !strings.Contains(purged.Inputs["input"].(string), "purge") {
		t.Errorf("the cache is purged with %v", purged.Inputs)
	}
	watched := 0
	for _, alarm := range after.OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		dimensions, _ := alarm.Inputs["dimensions"].(map[string]any)
		if cluster, ok := dimensions["DBClusterIdentifier"].(string); ok {
			watched++
			if !strings.Contains(cluster, "-cluster-2-") {
				t.Errorf("%s watches %s", alarm.Name, cluster)
			}
		}
	}
	if watched == 0 {
		t.Error("no alarm watches the cluster")
	}
}
