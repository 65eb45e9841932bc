package vpc

import (
	"fmt"

	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
)

// Token is the component's type.
const Token = "awsx:ec2:Vpc"

const (
	vpcType             = "aws:ec2/vpc:Vpc"
	internetGatewayType = "aws:ec2/internetGateway:InternetGateway"
	zonesFunction       = "aws:index/getAvailabilityZones:getAvailabilityZones"
)

// defaultZones is how many zones are used when the inputs name neither them nor their number.
const defaultZones = 3

// innerVPC is the resource aws.ec2.Vpc. Its block is an output, unknown only with an IPAM pool.
type innerVPC struct {
	pulumi.CustomResourceState
	CidrBlock pulumi.StringOutput `pulumi:"cidrBlock"`
}

// resource is a child whose id alone is read.
type resource struct {
	pulumi.CustomResourceState
}

// Construct registers the component and its children, which inherit their provider from it. The error names the input
// to correct; if it is known to be wrong, no child has been registered.
func Construct(
	ctx *pulumi.Context, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption,
) (*provider.ConstructResult, error) {
	var a args
	if err := inputs.CopyTo(&a); err != nil {
		return nil, fmt.Errorf("reading the inputs: %w", err)
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	component := &pulumi.ResourceState{}
	if err := ctx.RegisterComponentResource(Token, name, component, options); err != nil {
		return nil, fmt.Errorf("registering the component: %w", err)
	}
	n, err := newNetwork(ctx, name, a, component)
	if err != nil {
		return nil, err
	}
	if err := n.register(component); err != nil {
		return nil, err
	}
	// As in the real component, the outputs are the result of this call and are not in the state.
	if err := ctx.RegisterResourceOutputs(component, pulumi.Map{}); err != nil {
		return nil, fmt.Errorf("completing the component: %w", err)
	}
	return &provider.ConstructResult{URN: component.URN(), State: n.outputs()}, nil
}

// network are the component's resources that have been registered.
type network struct {
	ctx    *pulumi.Context
	name   string
	args   args
	zones  []string
	block  string // "" until an IPAM pool has chosen one
	layout layout.Layout
	plan   layout.Plan

	vpc             *innerVPC
	internetGateway *resource
	endpoints       []pulumi.Resource
	subnets         []pulumi.Resource
	routeTables     []pulumi.Resource
	associations    []pulumi.Resource
	routes          []pulumi.Resource
	natGateways     []*resource
	eips            []*eip
	ids             map[string]pulumi.StringArray // of subnets, by type
	cidrs           func(layout.Subnet) pulumi.StringInput
	resolved        pulumi.Input
}

// newNetwork decides everything that can be decided before the first resource is registered.
func newNetwork(ctx *pulumi.Context, name string, a args, component pulumi.Resource) (*network, error) {
	n := &network{ctx: ctx, name: name, args: a, ids: map[string]pulumi.StringArray{}}
	var err error
	if n.zones, err = n.findZones(component); err != nil {
		return nil, err
	}
	if err := a.checkElasticIPs(len(n.zones)); err != nil {
		return nil, err
	}
	if n.block, err = a.block(); err != nil {
		return nil, err
	}
	if n.layout, err = a.layout(name, n.zones); err != nil {
		return nil, err
	}
	if n.block == "" {
		n.plan, err = n.layout.Outline()
	} else {
		n.plan, err = n.layout.Plan(n.block)
	}
	return n, err
}

func (n *network) findZones(component pulumi.Resource) ([]string, error) {
	if n.args.AvailabilityZoneNames != nil {
		return n.args.AvailabilityZoneNames, nil
	}
	count := defaultZones
	if n.args.NumberOfAvailabilityZones != nil {
		count = *n.args.NumberOfAvailabilityZones
	}
	var found struct {
		Names []string `pulumi:"names"`
	}
	if err := n.ctx.Invoke(zonesFunction, nil, &found, pulumi.Parent(component)); err != nil {
		return nil, fmt.Errorf("looking up the availability zones: %w", err)
	}
	if len(found.Names) < count {
		return nil, fmt.Errorf("the configured region for this provider does not have at least %d Availability Zones (it has %d). "+
			"Either specify an explicit list of zones in availabilityZoneNames or choose a region with at least %d AZs",
			count, len(found.Names), count)
	}
	return found.Names[:count], nil
}

// register creates the children, in the real component's order.
func (n *network) register(component pulumi.Resource) error {
	if err := n.registerVPC(component); err != nil {
		return err
	}
	n.setBlocks()
	if n.layout.Outdated() && n.args.SubnetStrategy == nil {
		if err := n.adviseStrategy(component); err != nil {
			return err
		}
	}
	gateway, err := n.child(internetGatewayType, n.name, pulumi.Map{"vpcId": n.vpc.ID(), "tags": n.sharedTags()}, n.vpc)
	if err != nil {
		return err
	}
	n.internetGateway = gateway
	if err := n.registerEndpoints(component); err != nil {
		return err
	}
	for i, zone := range n.zones {
		for _, planned := range n.plan.InZone(zone) {
			if err := n.registerSubnet(i, planned); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *network) registerVPC(component pulumi.Resource) error {
	n.vpc = &innerVPC{}
	inputs := pulumi.Map{
		"assignGeneratedIpv6CidrBlock":     n.args.AssignGeneratedIpv6CidrBlock,
		"enableDnsHostnames":               n.args.EnableDNSHostnames,
		"enableDnsSupport":                 n.args.EnableDNSSupport,
		"enableNetworkAddressUsageMetrics": n.args.EnableNetworkAddressUsageMetrics,
		"instanceTenancy":                  n.args.InstanceTenancy,
		"ipv4IpamPoolId":                   n.args.Ipv4IpamPoolID,
		"ipv4NetmaskLength":                n.args.Ipv4NetmaskLength,
		"ipv6CidrBlock":                    n.args.Ipv6CidrBlock,
		"ipv6CidrBlockNetworkBorderGroup":  n.args.Ipv6CidrBlockNetworkBorderGroup,
		"ipv6IpamPoolId":                   n.args.Ipv6IpamPoolID,
		"ipv6NetmaskLength":                n.args.Ipv6NetmaskLength,
		"tags":                             n.sharedTags(),
	}
	if n.block != "" {
		inputs["cidrBlock"] = pulumi.String(n.block)
	}
	err := n.ctx.RegisterResource(vpcType, n.name, inputs, n.vpc, pulumi.Parent(component))
	if err != nil {
		return fmt.Errorf("registering %s %q: %w", vpcType, n.name, err)
	}
	return nil
}

// child registers a resource as the child of one that it depends on.
func (n *network) child(token, name string, inputs pulumi.Map, parent pulumi.Resource) (*resource, error) {
	r := &resource{}
	return r, n.registerChild(token, name, inputs, r, parent)
}

func (n *network) registerChild(
	token, name string, inputs pulumi.Map, r pulumi.CustomResource, parent pulumi.Resource,
) error {
	err := n.ctx.RegisterResource(token, name, inputs, r,
		pulumi.Parent(parent), pulumi.DependsOn([]pulumi.Resource{parent}))
	if err != nil {
		return fmt.Errorf("registering %s %q: %w", token, name, err)
	}
	return nil
}
