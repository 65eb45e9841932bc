package gateway

import (
	"cmp"
	"net/http"
	"strconv"
)

// enforced is a quota with the call that runs into it: the emulator lets an account have any number.
type enforced struct {
	key string
	// code, message and status are the refusal, as the API reference of the call has it; the status is 400
	// unless it says so.
	code, message string
	status        int
	// used is what counts against the quota by now; adds is what the call adds, 1 unless it says so.
	used func(*exchange) (int, error)
	adds func(*exchange) int
}

// guard refuses a call that would exceed the quota.
func (e enforced) guard(next handler) handler {
	return func(x *exchange) error {
		used, err := e.used(x)
		if err != nil {
			return err
		}
		adds := 1
		if e.adds != nil {
			adds = e.adds(x)
		}
		if used+adds > x.g.limits.quota(e.key) {
			return x.refuse(cmp.Or(e.status, http.StatusBadRequest), e.code, e.message)
		}
		return next(x)
	}
}

// withinQuotas guards the calls of a Query protocol service.
func withinQuotas(calls map[string]handler, quotas map[string]enforced) map[string]handler {
	for action, quota := range quotas {
		calls[action] = quota.guard(firstOf(calls[action], calls["*"]))
	}
	return calls
}

// counted counts the items of a list that a call describes, those that the filter takes.
func counted(service, version, action, list string, takes func(x *exchange, item *node) bool) func(*exchange) (int, error) {
	return func(x *exchange) (int, error) {
		answer, err := x.g.admin.query(x.r.Context(), service, version, map[string]string{"Action": action})
		if err != nil {
			return 0, err
		}
		n := 0
		for _, item := range answer.first(list).items() {
			if takes == nil || takes(x, item) {
				n++
			}
		}
		return n, nil
	}
}

// ec2Quotas: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var ec2Quotas = map[string]enforced{
	"CreateVpc": {key: quotaVPCs, code: "VpcLimitExceeded", message: "The maximum number of VPCs has been reached.",
		used: counted("ec2", ec2Version, "DescribeVpcs", "vpcSet", nil)},
	"CreateInternetGateway": {key: quotaInternetGateways, code: "InternetGatewayLimitExceeded", message: "The maximum number of internet gateways has been reached.",
		used: counted("ec2", ec2Version, "DescribeInternetGateways", "internetGatewaySet", nil)},
	"AllocateAddress": {key: quotaAddresses, code: "AddressLimitExceeded", message: "The maximum number of addresses has been reached.",
		used: counted("ec2", ec2Version, "DescribeAddresses", "addressesSet", nil)},
	"CreateNatGateway": {key: quotaNATGateways, code: "NatGatewayLimitExceeded", message: "The maximum number of NAT gateways in the Availability Zone has been reached.",
		used: natGatewaysOfZone},
	"CreateSecurityGroup": {key: quotaSecurityGroups, code: "SecurityGroupLimitExceeded", message: "The maximum number of security groups has been reached.",
		used: counted("ec2", ec2Version, "DescribeSecurityGroups", "securityGroupInfo", nil)},
}

// endpointQuotas are those of CreateVpcEndpoint, by the type that it makes.
var endpointQuotas = map[bool]enforced{
	true: {key: quotaInterfaceEndpoints, code: "VpcEndpointLimitExceeded", message: "The maximum number of interface VPC endpoints of the VPC has been reached.",
		used: counted("ec2", ec2Version, "DescribeVpcEndpoints", "vpcEndpointSet", func(x *exchange, item *node) bool {
			return item.value("vpcEndpointType") == "Interface" && item.value("vpcId") == x.form.Get("VpcId")
		})},
	false: {key: quotaGatewayEndpoints, code: "VpcEndpointLimitExceeded", message: "The maximum number of gateway VPC endpoints has been reached.",
		used: counted("ec2", ec2Version, "DescribeVpcEndpoints", "vpcEndpointSet", func(_ *exchange, item *node) bool {
			return item.value("vpcEndpointType") != "Interface"
		})},
}

// withinEC2Quotas guards EC2's calls.
func withinEC2Quotas(calls map[string]handler) map[string]handler {
	create := calls["CreateVpcEndpoint"]
	calls["CreateVpcEndpoint"] = func(x *exchange) error {
		return endpointQuotas[x.form.Get("VpcEndpointType") == "Interface"].guard(create)(x)
	}
	return withinQuotas(calls, ec2Quotas)
}

// natGatewaysOfZone counts the gateways in the zone of the call's subnet. One counts while it is
// pending, available or being deleted.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
func natGatewaysOfZone(x *exchange) (int, error) {
	subnets, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{"Action": "DescribeSubnets"})
	if err != nil {
		return 0, err
	}
	zones := map[string]string{}
	for _, subnet := range subnets.first("subnetSet").items() {
		zones[subnet.value("subnetId")] = subnet.value("availabilityZone")
	}
	return counted("ec2", ec2Version, "DescribeNatGateways", "natGatewaySet", func(x *exchange, item *node) bool {
		state := item.value("state")
		return state != "deleted" && state != "failed" && zones[item.value("subnetId")] == zones[x.form.Get("SubnetId")]
	})(x)
}

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

// apigatewayQuotas are by the pattern of the call: every API of ours is regional.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
var apigatewayQuotas = map[string]enforced{
	"POST /restapis":    {key: quotaRESTAPIs, message: "Maximum number of REST APIs has been reached.", used: listed(restAPIs, "/restapis")},
	"POST /domainnames": {key: quotaDomainNames, message: "Maximum number of domain names has been reached.", used: listed(domains, "/domainnames")},
	"POST /usageplans":  {key: quotaUsagePlans, message: "Maximum number of usage plans has been reached.", used: listed(usagePlans, "/usageplans")},
}

func listed(k kind, path string) func(*exchange) (int, error) {
	return func(x *exchange) (int, error) {
		all, err := x.g.listAll(x.r.Context(), k, path)
		return len(all), err
	}
}

func withinAPIGatewayQuotas(calls map[string]handler) map[string]handler {
	for pattern, quota := range apigatewayQuotas {
		quota.code, quota.status = "LimitExceededException", http.StatusTooManyRequests
		calls[pattern] = quota.guard(calls[pattern])
	}
	return calls
}
