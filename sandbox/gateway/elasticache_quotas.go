package gateway

import "strconv"

// The quotas, by the codes of Service Quotas.
const (
	quotaCacheNodes = "elasticache/L-DFE45DF3"
)

// elasticacheDefaults are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var elasticacheDefaults = map[string]float64{quotaCacheNodes: 300}

// elasticacheQuotas: https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
var elasticacheQuotas = map[string]enforced{
	"CreateReplicationGroup": {key: quotaCacheNodes, code: "NodeQuotaForCustomerExceeded", message: "The request cannot be processed because it would exceed the allowed number of cache nodes per customer.",
		used: counted("elasticache", elasticacheVersion, "DescribeCacheClusters", "CacheClusters", nil), adds: nodesOfGroup},
}

// nodesOfGroup are the nodes that a new replication group gets.
func nodesOfGroup(x *exchange) int {
	if n, err := strconv.Atoi(x.form.Get("NumCacheClusters")); err == nil {
		return n
	}
	groups, err := strconv.Atoi(x.form.Get("NumNodeGroups"))
	if err != nil {
		groups = 1
	}
	replicas, _ := strconv.Atoi(x.form.Get("ReplicasPerNodeGroup")) // none named: none
	return groups * (1 + replicas)
}
