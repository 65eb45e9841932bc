package gateway

// The quotas, by the codes of Service Quotas.
const (
	quotaVPCs               = "vpc/L-F678F1CE"
	quotaInternetGateways   = "vpc/L-A4707A72"
	quotaAddresses          = "ec2/L-0263D0A3"
	quotaNATGateways        = "vpc/L-FE5A380F"
	quotaInterfaceEndpoints = "vpc/L-29B6F2EB"
	quotaGatewayEndpoints   = "vpc/L-1B52E74A"
	quotaSecurityGroups     = "vpc/L-E79EC296"
)

// ec2Defaults are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var ec2Defaults = map[string]float64{quotaVPCs: 5, quotaInternetGateways: 5, quotaAddresses: 5, quotaNATGateways: 5, quotaInterfaceEndpoints: 50, quotaGatewayEndpoints: 20, quotaSecurityGroups: 2500}

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
