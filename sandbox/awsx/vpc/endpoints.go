package vpc

import (
	"fmt"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const endpointType = "aws:ec2/vpcEndpoint:VpcEndpoint"

// registerEndpoints creates the VPC endpoints, each named after its service.
func (n *network) registerEndpoints(component pulumi.Resource) error {
	for i, spec := range n.args.VpcEndpointSpecs {
		if unused := spec.unused(); len(unused) > 0 {
			warning := fmt.Sprintf("vpcEndpointSpecs[%d] (%s): awsx 2.22.0 takes but does not use %s",
				i, spec.ServiceName, strings.Join(unused, ", "))
			if err := n.ctx.Log.Warn(warning, &pulumi.LogArgs{Resource: component}); err != nil {
				return fmt.Errorf("warning of unused inputs: %w", err)
			}
		}
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

// unused are the inputs that are set and have no effect.
func (s endpointSpec) unused() []string {
	var names []string
	for _, input := range []struct {
		name  string
		value pulumi.Input
	}{
		{"dnsOptions", s.DNSOptions},
		{"ipAddressType", s.IPAddressType},
		{"serviceRegion", s.ServiceRegion},
		{"subnetConfigurations", s.SubnetConfigurations},
	} {
		if input.value != nil {
			names = append(names, input.name)
		}
	}
	return names
}
