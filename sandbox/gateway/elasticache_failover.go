package gateway

import (
	"net/http"
	"strconv"
)

// refuseWithoutFailover answers as AWS does to a group in cluster mode whose
// shards are not to fail over, and to one across zones without replicas: the
// emulator takes any combination.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
func refuseWithoutFailover(create handler) handler {
	return func(x *exchange) error {
		clustered, err := x.g.clusterMode(x.r.Context(), x.form.Get("CacheParameterGroupName"), &node{})
		if err != nil {
			return err
		}
		failover := x.form.Get("AutomaticFailoverEnabled") == "true"
		if clustered && !failover {
			return x.refuse(http.StatusBadRequest, "InvalidParameterValue", "Redis with cluster mode enabled cannot be created with auto failover turned off.")
		}
		replicas, _ := strconv.Atoi(x.form.Get("ReplicasPerNodeGroup")) // none named: none
		if x.form.Get("MultiAZEnabled") == "true" && (!failover || clustered && replicas == 0) {
			return x.refuse(http.StatusBadRequest, "InvalidParameterCombination", "Multi-AZ takes automatic failover and at least one replica.")
		}
		return create(x)
	}
}

// keepFailover answers as AWS does to turning failover off in cluster mode.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
func keepFailover(modify handler) handler {
	return func(x *exchange) error {
		served, ok := x.g.servedCache(x.form.Get("ReplicationGroupId"))
		if ok && served.spec.ClusterMode && x.form.Get("AutomaticFailoverEnabled") == "false" {
			return x.refuse(http.StatusBadRequest, "InvalidParameterCombination", "Turning off automatic failover for replication group with cluster mode enabled is not supported.")
		}
		return modify(x)
	}
}
