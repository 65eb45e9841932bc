package policy

// InterfaceActions are what Lambda does with a VPC function's network interfaces in the name of its role. EC2 cannot
// narrow them to interfaces that do not exist yet.
var InterfaceActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}
