package vpc

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	subnetType      = "aws:ec2/subnet:Subnet"
	routeTableType  = "aws:ec2/routeTable:RouteTable"
	associationType = "aws:ec2/routeTableAssociation:RouteTableAssociation"
	routeType       = "aws:ec2/route:Route"
	natGatewayType  = "aws:ec2/natGateway:NatGateway"
	eipType         = "aws:ec2/eip:Eip"
)

// NAT strategies as they are compared: in lower case.
const (
	natNone     = "none"
	natSingle   = "single"
	natOnePerAZ = "oneperaz"
)

const everywhere = "0.0.0.0/0"

// eip is an elastic IP address for a NAT gateway.
type eip struct {
	pulumi.CustomResourceState
	AllocationID pulumi.StringPtrOutput `pulumi:"allocationId"`
}

// registerSubnet creates a subnet, its route table and routes. zone is the index of its zone.
func (n *network) registerSubnet(zone int, planned layout.Subnet) error {
	marks := pulumi.StringMap{"Name": pulumi.String(planned.Name), "SubnetType": pulumi.String(planned.Type)}
	subnet, err := n.child(subnetType, planned.Name, pulumi.Map{
		"vpcId":               n.vpc.ID(),
		"availabilityZone":    pulumi.String(planned.Zone),
		"mapPublicIpOnLaunch": pulumi.Bool(planned.Is(layout.Public)),
		"cidrBlock":           n.cidrs(planned),
		"tags":                mergeTags(n.sharedTags(), n.specTags(planned), marks),
	}, n.vpc)
	if err != nil {
		return err
	}
	n.subnets = append(n.subnets, subnet)
	kind := outputType(planned)
	n.ids[kind] = append(n.ids[kind], subnet.ID())

	table, err := n.child(routeTableType, planned.Name, pulumi.Map{
		"vpcId": n.vpc.ID(),
		"tags":  mergeTags(n.sharedTags(), marks),
	}, subnet)
	if err != nil {
		return err
	}
	n.routeTables = append(n.routeTables, table)
	association, err := n.child(associationType, planned.Name, pulumi.Map{
		"routeTableId": table.ID(),
		"subnetId":     subnet.ID(),
	}, table)
	if err != nil {
		return err
	}
	n.associations = append(n.associations, association)
	return n.registerRoutes(zone, planned, subnet, table)
}

// registerRoutes gives a public subnet the internet gateway, and a NAT gateway if the zone gets one; a private subnet
// its zone's NAT gateway, or the only one; an isolated subnet nothing.
func (n *network) registerRoutes(zone int, planned layout.Subnet, subnet, table *resource) error {
	strategy := strings.ToLower(n.args.natStrategy())
	switch {
	case planned.Is(layout.Public):
		if n.natGatewayDue(strategy, zone) {
			if err := n.registerNATGateway(zone, subnet); err != nil {
				return err
			}
		}
		return n.registerRoute(planned.Name, table, "gatewayId", n.internetGateway)
	case planned.Is(layout.Private) && strategy == natSingle:
		return n.registerRoute(planned.Name, table, "natGatewayId", n.natGateways[0])
	case planned.Is(layout.Private) && strategy == natOnePerAZ:
		return n.registerRoute(planned.Name, table, "natGatewayId", n.natGateways[zone])
	default:
		return nil
	}
}

func (n *network) natGatewayDue(strategy string, zone int) bool {
	switch strategy {
	case natSingle:
		return len(n.natGateways) == 0
	case natOnePerAZ:
		return len(n.natGateways) <= zone
	default:
		return false
	}
}

func (n *network) registerNATGateway(zone int, subnet *resource) error {
	name := fmt.Sprintf("%s-%d", n.name, zone+1)
	tags := mergeTags(n.args.Tags, pulumi.StringMap{"Name": pulumi.String(name)})
	var allocation pulumi.Input
	if own := n.args.allocationIDs(); len(own) > 0 {
		allocation = own[zone]
	} else {
		address := &eip{}
		if err := n.registerChild(eipType, name, pulumi.Map{"tags": tags}, address, subnet); err != nil {
			return err
		}
		n.eips = append(n.eips, address)
		allocation = address.AllocationID
	}
	gateway, err := n.child(natGatewayType, name, pulumi.Map{
		"subnetId":     subnet.ID(),
		"allocationId": allocation,
		"tags":         tags,
	}, subnet)
	if err != nil {
		return err
	}
	n.natGateways = append(n.natGateways, gateway)
	return nil
}

// registerRoute registers the default route, to the gateway.
func (n *network) registerRoute(name string, table *resource, key string, gateway *resource) error {
	route, err := n.child(routeType, name, pulumi.Map{
		"routeTableId":         table.ID(),
		key:                    gateway.ID(),
		"destinationCidrBlock": pulumi.String(everywhere),
	}, table)
	if err != nil {
		return err
	}
	n.routes = append(n.routes, route)
	return nil
}

// outputType is the type under whose ids the subnet is listed.
func outputType(s layout.Subnet) string {
	switch {
	case s.Is(layout.Public):
		return layout.Public
	case s.Is(layout.Private):
		return layout.Private
	default:
		return layout.Isolated
	}
}
