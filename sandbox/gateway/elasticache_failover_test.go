package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
)

func TestAReplicationGroupsFailoverSettingsAreChecked(t *testing.T) {
	s := newTestEnv(t, nil)
	client := elasticache.NewFromConfig(s.config())
	clustered := aws.String("default.redis7.cluster.on")
	for _, test := range []struct {
		name  string
		input elasticache.CreateReplicationGroupInput
		want  string
	}{
		{"cluster mode without failover is rejected", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("off"),
			CacheParameterGroupName: clustered, NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(0)}, "InvalidParameterValue"},
		{"Multi-AZ without a replica is rejected", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("alone"),
			CacheParameterGroupName: clustered, NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(0),
			AutomaticFailoverEnabled: aws.Bool(true), MultiAZEnabled: aws.Bool(true)}, "InvalidParameterCombination"},
		{"cluster mode with failover and no replica is accepted", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("small"),
			CacheParameterGroupName: clustered, NumNodeGroups: aws.Int32(1), ReplicasPerNodeGroup: aws.Int32(0),
			AutomaticFailoverEnabled: aws.Bool(true)}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.input.ReplicationGroupDescription, test.input.Engine = aws.String("d"), aws.String("redis")
			_, err := client.CreateReplicationGroup(t.Context(), &test.input)
			if got := errorCode(err); got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
	t.Run("failover cannot be turned off", func(t *testing.T) {
		_, err := client.ModifyReplicationGroup(t.Context(), &elasticache.ModifyReplicationGroupInput{
			ReplicationGroupId: aws.String("small"), AutomaticFailoverEnabled: aws.Bool(false), ApplyImmediately: aws.Bool(true),
		})
		if got := errorCode(err); got != "InvalidParameterCombination" {
			t.Errorf("got %q, %v", got, err)
		}
	})
}
