package elasticache

import (
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Quotas by service code and quota code of Service Quotas.
const (
	QuotaCacheNodes = "elasticache/L-DFE45DF3"
)

// defaultQuotas are AWS's default quotas (AWS General Reference, service endpoints and quotas).
var defaultQuotas = map[string]float64{QuotaCacheNodes: 300}

// enforced: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
var enforced = map[string]call.Enforced{
	"CreateReplicationGroup": {Key: QuotaCacheNodes, Code: "NodeQuotaForCustomerExceeded", Message: "The request cannot be processed because it would exceed the allowed number of cache nodes per customer.",
		Used: call.Counted("elasticache", version, "DescribeCacheClusters", "CacheClusters", nil), Adds: nodesOfGroup},
}

// nodesOfGroup is the number of nodes of a new replication group.
func nodesOfGroup(x *call.Exchange) int {
	if n, err := strconv.Atoi(x.Form.Get("NumCacheClusters")); err == nil {
		return n
	}
	groups, err := strconv.Atoi(x.Form.Get("NumNodeGroups"))
	if err != nil {
		groups = 1
	}
	replicas, _ := strconv.Atoi(x.Form.Get("ReplicasPerNodeGroup")) // defaults to 0
	return groups * (1 + replicas)
}
