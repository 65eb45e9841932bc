package gateway

import "net/http"

// The quotas, by the codes of Service Quotas.
const (
	quotaProxies           = "rds/L-D94C7EA3"
	quotaClusters          = "rds/L-952B80B8"
	quotaInstances         = "rds/L-7B6409FD"
	quotaSubnetGroups      = "rds/L-48C6BF61"
	quotaParameterGroups   = "rds/L-DE55804A"
	quotaClusterParameters = "rds/L-E4C808A8"
)

// rdsDefaults are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var rdsDefaults = map[string]float64{quotaProxies: 20, quotaClusters: 40, quotaInstances: 40, quotaSubnetGroups: 50, quotaParameterGroups: 50, quotaClusterParameters: 50}

// rdsQuotas are those of the calls that make something, with the name that DescribeAccountAttributes
// has for them.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html
var rdsQuotas = map[string]enforced{
	"CreateDBCluster": {key: quotaClusters, code: "DBClusterQuotaExceededFault", message: "User attempted to create a new DB cluster and the user has already reached the maximum allowed DB cluster quota.", status: http.StatusForbidden,
		used: counted("rds", rdsVersion, "DescribeDBClusters", "DBClusters", nil)},
	"CreateDBInstance": {key: quotaInstances, code: "InstanceQuotaExceeded", message: "Request would result in user exceeding the allowed number of DB instances.",
		used: counted("rds", rdsVersion, "DescribeDBInstances", "DBInstances", nil)},
	"CreateDBSubnetGroup": {key: quotaSubnetGroups, code: "DBSubnetGroupQuotaExceeded", message: "Request would result in user exceeding the allowed number of DB subnet groups.",
		used: counted("rds", rdsVersion, "DescribeDBSubnetGroups", "DBSubnetGroups", nil)},
	"CreateDBParameterGroup": {key: quotaParameterGroups, code: "DBParameterGroupQuotaExceeded", message: "Request would result in user exceeding the allowed number of DB parameter groups.",
		used: counted("rds", rdsVersion, "DescribeDBParameterGroups", "DBParameterGroups", nil)},
	"CreateDBClusterParameterGroup": {key: quotaClusterParameters, code: "DBParameterGroupQuotaExceeded", message: "Request would result in user exceeding the allowed number of DB parameter groups.",
		used: counted("rds", rdsVersion, "DescribeDBClusterParameterGroups", "DBClusterParameterGroups", nil)},
	"CreateDBProxy": {key: quotaProxies, code: "DBProxyQuotaExceededFault", message: "Your Amazon Web Services account already has the maximum number of proxies in the specified Amazon Web Services Region.",
		used: counted("rds", rdsVersion, "DescribeDBProxies", "DBProxies", nil)},
}
