package elasticache

import (
	"net/http"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// requireFailover rejects a group in cluster mode without automatic failover, and
// a Multi-AZ group without replicas. The emulator accepts both.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
func (s *service) requireFailover(create call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		clustered, err := s.clusterMode(x.Request.Context(), x.Form.Get("CacheParameterGroupName"), &xmltree.Node{})
		if err != nil {
			return err
		}
		failover := x.Form.Get("AutomaticFailoverEnabled") == "true"
		if clustered && !failover {
			return x.Reject(http.StatusBadRequest, "InvalidParameterValue", "Redis with cluster mode enabled cannot be created with auto failover turned off.")
		}
		replicas, _ := strconv.Atoi(x.Form.Get("ReplicasPerNodeGroup")) // defaults to 0
		if x.Form.Get("MultiAZEnabled") == "true" && (!failover || clustered && replicas == 0) {
			return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", "Multi-AZ requires automatic failover and at least one replica.")
		}
		return create(x)
	}
}

// rejectFailoverOff rejects turning automatic failover off in cluster mode.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
func (s *service) rejectFailoverOff(modify call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		served, ok := s.servedCache(x.Form.Get("ReplicationGroupId"))
		if ok && served.spec.ClusterMode && x.Form.Get("AutomaticFailoverEnabled") == "false" {
			return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", "Turning off automatic failover for replication group with cluster mode enabled is not supported.")
		}
		return modify(x)
	}
}
