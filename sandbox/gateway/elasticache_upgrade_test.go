package gateway

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
)

// cacheGroups creates a parameter group for each family, named after it.
func cacheGroups(t *testing.T, client *elasticache.Client, families ...string) {
	t.Helper()
	for _, family := range families {
		_, err := client.CreateCacheParameterGroup(t.Context(), &elasticache.CreateCacheParameterGroupInput{CacheParameterGroupName: &family, CacheParameterGroupFamily: &family, Description: aws.String("d")})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAnEngineIsChangedAsElastiCacheChangesIt(t *testing.T) {
	client := elasticache.NewFromConfig(newTestEnv(t, nil).config())
	cacheGroups(t, client, "redis7", "valkey7", "valkey8", "valkey9")
	id := aws.String("app")
	_, err := client.CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: id, ReplicationGroupDescription: aws.String("d"), Engine: aws.String("redis"), EngineVersion: aws.String("7.1"),
		CacheParameterGroupName: aws.String("redis7"), AutomaticFailoverEnabled: aws.Bool(true), NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(1),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ name, engine, version, group, message string }{
		{"an earlier version is rejected", "", "7.0", "", "cannot be downgraded from 7.1.0 to 7.0"},
		{"parameters of another engine are rejected", "", "", "valkey8", "valkey parameter group is not applicable to engine redis"},
		{"another engine with the present custom parameters is rejected", "valkey", "8.1", "", "redis parameter group is not applicable to engine valkey"},
		{"parameters of another major version are rejected", "valkey", "8.1", "valkey7", "Expected a parameter group of family valkey8 but found one of family valkey7"},
		{"Redis becomes Valkey with its parameters", "valkey", "8.1", "valkey8", ""},
		{"Valkey does not become Redis", "redis", "7.1", "redis7", "cannot be changed from valkey to redis"},
		{"a minor version keeps the parameters", "", "8.2", "", ""},
		{"a major version with the present parameters is rejected", "", "9.0", "", "Expected a parameter group of family valkey9 but found one of family valkey8"},
		{"a major version has its own", "", "9.1", "valkey9", ""},
		{"an earlier version is rejected after upgrades too", "valkey", "8.2", "valkey8", "cannot be downgraded from 9.1.0 to 8.2"},
	} {
		t.Run(step.name, func(t *testing.T) {
			in := &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: id, ApplyImmediately: aws.Bool(true)}
			for value, parameter := range map[string]**string{step.engine: &in.Engine, step.version: &in.EngineVersion, step.group: &in.CacheParameterGroupName} {
				if value != "" {
					*parameter = &value
				}
			}
			_, err := client.ModifyReplicationGroup(t.Context(), in)
			if step.message == "" && err != nil || step.message != "" && (errorCode(err) != "InvalidParameterCombination" || !strings.Contains(err.Error(), step.message)) {
				t.Errorf("got %v, want %q", err, step.message)
			}
		})
	}
	remove := func(name string) error {
		_, err := client.DeleteCacheParameterGroup(t.Context(), &elasticache.DeleteCacheParameterGroupInput{CacheParameterGroupName: &name})
		return err
	}
	checkCode(t, remove("valkey9"), "InvalidCacheParameterGroupState")
	for _, former := range []string{"redis7", "valkey8"} {
		if err := remove(former); err != nil {
			t.Errorf("the former group cannot be deleted: %v", err)
		}
	}
}
