package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestEveryPhysicalNameContainsProjectAndStack(t *testing.T) {
	check(t, "names", map[string]example{
		"a fixed name": {func(s stack) { s.set(types.Bucket, "", "bucket", "didomi-files") }, []string{
			"data-files: is called didomi-files: another stack can have the same name",
		}},
		"another stack's prefix": {func(s stack) { s.set(types.Policy, "workload", "name", "didomi-dev-iam-workload") }, []string{
			"iam-workload: is called didomi-dev-iam-workload: another stack can have the same name",
		}},
		"a host name without the stack": {func(s stack) { s.set(types.DomainName, "", "domainName", "api.didomi.example") }, []string{
			"api-domain: is called api.didomi.example: another stack can have the same name",
		}},
		"a zone that two stacks could share": {func(s stack) { s.set(types.Zone, "", "name", "didomi.example") }, []string{
			"dns-zone: is called didomi.example: another stack can have the same name",
		}},
		"a name after a path": {func(s stack) {
			s.add("aws:kms/alias:Alias", "alias", map[string]any{"name": "alias/didomi-prod-data"})
		}, nil},
		"a log that RDS names after its cluster": {func(s stack) {
			s.add(types.LogGroup, "log", map[string]any{"name": "/aws/rds/cluster/didomi-prod-data-cluster-1/postgresql"})
		}, nil},
		"a log of another stack's cluster": {func(s stack) {
			s.add(types.LogGroup, "log", map[string]any{"name": "/aws/rds/cluster/didomi-dev-data-cluster-1/postgresql"})
		}, []string{"log: is called /aws/rds/cluster/didomi-dev-data-cluster-1/postgresql: another stack can have the same name"}},
		"a name from a prefix": {func(s stack) {
			s.add(types.User, "user", map[string]any{"namePrefix": "ci-"})
		}, []string{"user: is called ci-: another stack can have the same name"}},
		"a name that contains another resource's id": {func(s stack) {
			s.add(types.LogGroup, "execution", map[string]any{"name": "API-Gateway-Execution-Logs_abc123/prod"})
		}, nil},
	})
}

func TestTwoStacksOfOneAccountHaveNoNameInCommon(t *testing.T) {
	prod, other := sound(t), sound(t)
	other.Stack = "dev"
	for i := range other.Resources {
		for _, properties := range []map[string]any{other.Resources[i].Inputs, other.Resources[i].Outputs} {
			for property, value := range properties {
				if text, ok := value.(string); ok && len(text) > 0 {
					properties[property] = text + "-dev"
				}
			}
		}
	}
	if found := collisions(prod.Graph, other.Graph); len(found) != 0 {
		t.Fatalf("found %v", found)
	}
	name := prod.one(types.ReplicationGroup, "").Text("replicationGroupId")
	other.set(types.ReplicationGroup, "", "replicationGroupId", name)
	found := collisions(prod.Graph, other.Graph)
	if len(found) != 1 || found[0].Rule != "names" || found[0].What != "is called "+name+", as is didomi-prod-data-cache of the stack dev" {
		t.Errorf("found %v, want the cache", found)
	}
}
