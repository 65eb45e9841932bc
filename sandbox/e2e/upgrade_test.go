package e2e

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// Versions that follow the stack files'. checkZones makes the minor upgrade, with the third zone.
const (
	minorVersion = "16.13"
	majorVersion = "17.9"
)

// upgraded are the settings of data after checkUpgrade, which follows checkRestore.
func upgraded() map[string]any {
	return map[string]any{
		"database": map[string]any{"generation": 2, "previous": "retired", "version": majorVersion},
		"cache":    map[string]any{"engine": "valkey", "version": "8.1"},
	}
}

// checkUpgrade follows docs/how-to/upgrade-engines.md: preflight rejects a major version that is older than the present
// one, and the deploy role upgrades the database to a later one and Redis to Valkey, in one update.
func checkUpgrade(t *testing.T, out outputs) {
	t.Helper()
	if found := clusters(t, out); len(found) != 1 || !strings.Contains(found[0], "-cluster-2-") { // this step runs alone
		checkZones(t, out)
		checkRestore(t, out)
	}
	checkVersions(t, out, minorVersion, "redis")
	_, deploy := pipelineRoles(t, out)
	older := deploy
	older.ConfigFile = dataConfig(t, out, overlay(upgraded(), map[string]any{"database": map[string]any{"version": "17.7"}}).(map[string]any))
	if report, missing := preflight(t, older); !slices.Contains(missing, "database-offered") || !strings.Contains(report, "from aurora-postgresql 16.13 to 17.7; it can to: 16.14, 17.9, 17.10") {
		t.Errorf("an upgrade to an older version is not reported: %s", report)
	}
	settings := dataConfig(t, out, upgraded())
	manage(t, deploy, settings, "up", "--yes", "--skip-preview", "--exclude", identities)
	checkItems(t, out)
	checkVersions(t, out, majorVersion, "valkey")
	manage(t, deploy, settings, "refresh", "--preview-only", "--expect-no-changes")
}

// checkVersions checks the versions of a stack's cluster and its instances, and the engine of its cache.
func checkVersions(t *testing.T, out outputs, version, engine string) {
	t.Helper()
	found, err := rds.NewFromConfig(awsConfig(out)).DescribeDBInstances(context.Background(), &rds.DescribeDBInstancesInput{})
	if err != nil {
		t.Fatal(err)
	}
	major, _, _ := strings.Cut(version, ".")
	members := 0
	for _, instance := range found.DBInstances {
		if !strings.HasPrefix(aws.ToString(instance.DBClusterIdentifier), "didomi-"+out.Stack+"-") {
			continue
		}
		members++
		if group := aws.ToString(instance.DBParameterGroups[0].DBParameterGroupName); aws.ToString(instance.EngineVersion) != version || !strings.Contains(group, "aurora-postgresql"+major) {
			t.Errorf("%s has version %s and the parameter group %s, want %s", *instance.DBInstanceIdentifier, *instance.EngineVersion, group, version)
		}
	}
	if members == 0 {
		t.Error("the stack has no instance")
	}
	caches, err := elasticache.NewFromConfig(awsConfig(out)).DescribeReplicationGroups(context.Background(), &elasticache.DescribeReplicationGroupsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range caches.ReplicationGroups {
		if strings.Contains(aws.ToString(group.Description), "didomi "+out.Stack) && aws.ToString(group.Engine) != engine {
			t.Errorf("%s runs %s, want %s", *group.ReplicationGroupId, *group.Engine, engine)
		}
	}
}
