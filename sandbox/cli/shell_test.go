package cli

import (
	"testing"

	"github.com/didomi/serverless-api/sandbox/dataplane"
)

func TestTheDatabaseOfAStackIsItsClusterOfTheHighestGeneration(t *testing.T) {
	var databases []dataplane.Database
	for _, id := range []string{
		"didomi-dev-data-cluster-cf7ae8ab", "didomi-prod-data-cluster-10-0a1b2c3d", "didomi-prod-data-cluster-2-0a1b2c3d", "didomi-prod-data-cluster-63310032",
		"didomi-prod-blue-data-cluster-0a1b2c3d",
	} {
		databases = append(databases, dataplane.Database{Cluster: id})
	}
	for stack, want := range map[string]string{
		"didomi-dev": "didomi-dev-data-cluster-cf7ae8ab", "didomi-prod": "didomi-prod-data-cluster-10-0a1b2c3d",
		"didomi-prod-blue": "didomi-prod-blue-data-cluster-0a1b2c3d", "didomi-test": "",
	} {
		if got, ok := ofStack(databases, stack); got.Cluster != want || ok != (want != "") {
			t.Errorf("%s: %q, %v, want %q", stack, got.Cluster, ok, want)
		}
	}
}
