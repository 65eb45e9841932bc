package vpc

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"

// registerEndpoints makes the VPC endpoints, each named after its service.
func (n *network) registerEndpoints() error {
	for _, spec := range n.args.VpcEndpointSpecs {
		endpoint, err := n.child(endpointType, spec.ServiceName, pulumi.Map{
			"autoAccept":        pulumi.BoolPtrFromPtr(spec.AutoAccept),
			"policy":            spec.Policy,
			"privateDnsEnabled": pulumi.BoolPtrFromPtr(spec.PrivateDNSEnabled),
			"routeTableIds":     spec.RouteTableIDs,
			"securityGroupIds":  spec.SecurityGroupIDs,
			"serviceName":       pulumi.String(spec.ServiceName),
			"subnetIds":         spec.SubnetIDs,
			"tags":              mergeTags(n.sharedTags(), spec.Tags),
			"vpcEndpointType":   spec.VpcEndpointType,
			"vpcId":             n.vpc.ID(),
		}, n.vpc)
		if err != nil {
			return err
		}
		n.endpoints = append(n.endpoints, endpoint)
	}
	return nil
}
