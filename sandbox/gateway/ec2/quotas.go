package ec2

import (
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Quotas by service code and quota code of Service Quotas.
const (
	QuotaVPCs               = "vpc/L-F678F1CE"
	QuotaInternetGateways   = "vpc/L-A4707A72"
	QuotaAddresses          = "ec2/L-0263D0A3"
	QuotaNATGateways        = "vpc/L-FE5A380F"
	QuotaInterfaceEndpoints = "vpc/L-29B6F2EB"
	QuotaGatewayEndpoints   = "vpc/L-1B52E74A"
	QuotaSecurityGroups     = "vpc/L-E79EC296"
)

// defaultQuotas are AWS's default quotas (AWS General Reference, service endpoints and quotas).
var defaultQuotas = map[string]float64{QuotaVPCs: 5, QuotaInternetGateways: 5, QuotaAddresses: 5, QuotaNATGateways: 5, QuotaInterfaceEndpoints: 50, QuotaGatewayEndpoints: 20, QuotaSecurityGroups: 2500}

// enforced: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var enforced = map[string]call.Enforced{
	"CreateVpc": {Key: QuotaVPCs, Code: "VpcLimitExceeded", Message: "The maximum number of VPCs has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeVpcs", "vpcSet", nil)},
	"CreateInternetGateway": {Key: QuotaInternetGateways, Code: "InternetGatewayLimitExceeded", Message: "The maximum number of internet gateways has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeInternetGateways", "internetGatewaySet", nil)},
	"AllocateAddress": {Key: QuotaAddresses, Code: "AddressLimitExceeded", Message: "The maximum number of addresses has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeAddresses", "addressesSet", nil)},
	"CreateNatGateway": {Key: QuotaNATGateways, Code: "NatGatewayLimitExceeded", Message: "The maximum number of NAT gateways in the Availability Zone has been reached.",
		Used: natGatewaysOfZone},
	"CreateSecurityGroup": {Key: QuotaSecurityGroups, Code: "SecurityGroupLimitExceeded", Message: "The maximum number of security groups has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeSecurityGroups", "securityGroupInfo", nil)},
}

// endpointQuotas are those of CreateVpcEndpoint, by whether it creates an interface endpoint.
var endpointQuotas = map[bool]call.Enforced{
	true: {Key: QuotaInterfaceEndpoints, Code: "VpcEndpointLimitExceeded", Message: "The maximum number of interface VPC endpoints of the VPC has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeVpcEndpoints", "vpcEndpointSet", func(x *call.Exchange, item *xmltree.Node) bool {
			return item.Value("vpcEndpointType") == "Interface" && item.Value("vpcId") == x.Form.Get("VpcId")
		})},
	false: {Key: QuotaGatewayEndpoints, Code: "VpcEndpointLimitExceeded", Message: "The maximum number of gateway VPC endpoints has been reached.",
		Used: call.Counted("ec2", emulator.EC2Version, "DescribeVpcEndpoints", "vpcEndpointSet", func(_ *call.Exchange, item *xmltree.Node) bool {
			return item.Value("vpcEndpointType") != "Interface"
		})},
}

// withinQuotas enforces EC2's quotas.
func withinQuotas(calls map[string]call.Handler) map[string]call.Handler {
	create := calls["CreateVpcEndpoint"]
	calls["CreateVpcEndpoint"] = func(x *call.Exchange) error {
		return endpointQuotas[x.Form.Get("VpcEndpointType") == "Interface"].Guard(create)(x)
	}
	return call.WithinQuotas(calls, enforced)
}

// natGatewaysOfZone counts the NAT gateways in the zone of the call's subnet that are pending, available or being
// deleted.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
func natGatewaysOfZone(x *call.Exchange) (int, error) {
	subnets, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{"Action": "DescribeSubnets"})
	if err != nil {
		return 0, err
	}
	zones := map[string]string{}
	for _, subnet := range subnets.First("subnetSet").Items() {
		zones[subnet.Value("subnetId")] = subnet.Value("availabilityZone")
	}
	return call.Counted("ec2", emulator.EC2Version, "DescribeNatGateways", "natGatewaySet", func(x *call.Exchange, item *xmltree.Node) bool {
		state := item.Value("state")
		return state != "deleted" && state != "failed" && zones[item.Value("subnetId")] == zones[x.Form.Get("SubnetId")]
	})(x)
}
