package gateway

import "net/http"

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
