package types

// Types of EC2 and its networks.
const (
	DefaultSecurityGroup     = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	EIP                      = "aws:ec2/eip:Eip"
	FlowLog                  = "aws:ec2/flowLog:FlowLog"
	InternetGateway          = "aws:ec2/internetGateway:InternetGateway"
	NATGateway               = "aws:ec2/natGateway:NatGateway"
	Route                    = "aws:ec2/route:Route"
	RouteTable               = "aws:ec2/routeTable:RouteTable"
	RouteTableAssociation    = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	SecurityGroup            = "aws:ec2/securityGroup:SecurityGroup"
	SecurityGroupEgressRule  = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	SecurityGroupIngressRule = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	Subnet                   = "aws:ec2/subnet:Subnet"
	VPC                      = "aws:ec2/vpc:Vpc"
	VPCEndpoint              = "aws:ec2/vpcEndpoint:VpcEndpoint"
)

var ec2Types = []Type{
	{Token: VPC, Name: noName, Replacement: ByAWSX, Cost: free, Label: Label{"VPC", "VPCs"}},
	{Token: Subnet, Name: noName, Replacement: ByAWSX, Cost: free, Label: Label{"subnet", "subnets"}},
	{Token: NATGateway, Name: noName, Replacement: ByAWSX, Cost: modelled, Label: Label{"NAT gateway", "NAT gateways"}},
	{
		Token: VPCEndpoint, Name: noName, Replacement: otherTarget, Cost: modelled,
		Network: &Network{Kind: "endpoint", SecurityGroups: "securityGroupIds", Subnets: "subnetIds"},
		Label:   Label{"VPC endpoint", "VPC endpoints"},
	},
	{
		Token: SecurityGroup, Name: generated("name", 255, `^[A-Za-z0-9 ._-]+$`).within("a VPC"),
		Replacement: newName, Cost: free, Label: Label{"security group", "security groups"},
	},
	{
		Token: FlowLog, Name: noName, Cost: modelled, Label: Label{"flow log", "flow logs"},
		Replacement: onlyOne("a VPC has one flow log into a log group (EC2 API reference, FlowLogAlreadyExists)"),
	},
	{Token: DefaultSecurityGroup, Name: noName, Replacement: otherTarget, Cost: free},
	{Token: EIP, Name: noName, Replacement: ByAWSX, Cost: modelled},
	{Token: InternetGateway, Name: noName, Replacement: ByAWSX, Cost: free},
	{Token: Route, Name: noName, Replacement: ByAWSX, Cost: free},
	{Token: RouteTable, Name: noName, Replacement: ByAWSX, Cost: free},
	{Token: RouteTableAssociation, Name: noName, Replacement: ByAWSX, Cost: free},
	{Token: SecurityGroupEgressRule, Name: noName, Replacement: otherTarget, Cost: free},
	{Token: SecurityGroupIngressRule, Name: noName, Replacement: otherTarget, Cost: free},
}
