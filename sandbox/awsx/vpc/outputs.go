package vpc

import (
	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// outputs are the component's outputs: resources as references, empty lists rather than none.
func (n *network) outputs() pulumi.Map {
	return pulumi.Map{
		"eips":                   references(n.eips),
		"internetGateway":        pulumi.NewResourceInput(n.internetGateway),
		"isolatedSubnetIds":      n.subnetIDs(layout.Isolated),
		"natGateways":            references(n.natGateways),
		"privateSubnetIds":       n.subnetIDs(layout.Private),
		"publicSubnetIds":        n.subnetIDs(layout.Public),
		"routeTableAssociations": references(n.associations),
		"routeTables":            references(n.routeTables),
		"routes":                 references(n.routes),
		"subnetLayout":           n.resolved,
		"subnets":                references(n.subnets),
		"vpc":                    pulumi.NewResourceInput(n.vpc),
		"vpcEndpoints":           references(n.endpoints),
		"vpcId":                  n.vpc.ID(),
	}
}

func (n *network) subnetIDs(kind string) pulumi.StringArray {
	return append(pulumi.StringArray{}, n.ids[kind]...)
}

func references[R pulumi.Resource](resources []R) pulumi.ResourceArray {
	array := make(pulumi.ResourceArray, len(resources))
	for i, r := range resources {
		array[i] = pulumi.NewResourceInput(r)
	}
	return array
}
