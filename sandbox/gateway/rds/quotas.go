package rds

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Quotas by service code and quota code of Service Quotas.
const (
	QuotaProxies           = "rds/L-D94C7EA3"
	QuotaClusters          = "rds/L-952B80B8"
	QuotaInstances         = "rds/L-7B6409FD"
	QuotaSubnetGroups      = "rds/L-48C6BF61"
	QuotaParameterGroups   = "rds/L-DE55804A"
	QuotaClusterParameters = "rds/L-E4C808A8"
)

// defaultQuotas are AWS's default quotas (AWS General Reference, service endpoints and quotas).
var defaultQuotas = map[string]float64{QuotaProxies: 20, QuotaClusters: 40, QuotaInstances: 40, QuotaSubnetGroups: 50, QuotaParameterGroups: 50, QuotaClusterParameters: 50}

var clusters = call.Enforced{
	Key: QuotaClusters, Code: "DBClusterQuotaExceededFault", Message: "User attempted to create a new DB cluster and the user has already reached the maximum allowed DB cluster quota.", Status: http.StatusForbidden,
	Used: call.Counted("rds", version, "DescribeDBClusters", "DBClusters", nil),
}

// enforced are the quotas of calls that create resources.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Operations.html
var enforced = map[string]call.Enforced{
	"CreateDBCluster":               clusters,
	"RestoreDBClusterFromSnapshot":  clusters,
	"RestoreDBClusterToPointInTime": clusters,
	"CreateDBInstance": {Key: QuotaInstances, Code: "InstanceQuotaExceeded", Message: "Request would result in user exceeding the allowed number of DB instances.",
		Used: call.Counted("rds", version, "DescribeDBInstances", "DBInstances", nil)},
	"CreateDBSubnetGroup": {Key: QuotaSubnetGroups, Code: "DBSubnetGroupQuotaExceeded", Message: "Request would result in user exceeding the allowed number of DB subnet groups.",
		Used: call.Counted("rds", version, "DescribeDBSubnetGroups", "DBSubnetGroups", nil)},
	"CreateDBParameterGroup": {Key: QuotaParameterGroups, Code: "DBParameterGroupQuotaExceeded", Message: "Request would result in user exceeding the allowed number of DB parameter groups.",
		Used: call.Counted("rds", version, "DescribeDBParameterGroups", "DBParameterGroups", nil)},
	"CreateDBClusterParameterGroup": {Key: QuotaClusterParameters, Code: "DBParameterGroupQuotaExceeded", Message: "Request would result in user exceeding the allowed number of DB parameter groups.",
		Used: call.Counted("rds", version, "DescribeDBClusterParameterGroups", "DBClusterParameterGroups", nil)},
	"CreateDBProxy": {Key: QuotaProxies, Code: "DBProxyQuotaExceededFault", Message: "Your Amazon Web Services account already has the maximum number of proxies in the specified Amazon Web Services Region.",
		Used: call.Counted("rds", version, "DescribeDBProxies", "DBProxies", nil)},
}
