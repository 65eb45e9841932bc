package network

import (
	"context"
	"fmt"
	"net/netip"

	awsx "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// natStrategies are awsx's names of the NAT modes.
var natStrategies = map[NAT]awsx.NatGatewayStrategy{
	NATNone:   awsx.NatGatewayStrategyNone,
	NATSingle: awsx.NatGatewayStrategySingle,
	NATPerAZ:  awsx.NatGatewayStrategyOnePerAz,
}

// vpc registers the VPC with its subnets, routes and NAT. Layout and NAT strategy are always set:
// awsx's defaults have changed before, and another layout would replace every subnet.
func (n *Network) vpc(ctx *pulumi.Context, name string, args Args) (*awsx.Vpc, error) {
	c, opts := args.Config, []pulumi.ResourceOption{pulumi.Parent(n)}
	if args.Protect {
		opts = append(opts, pulumi.Transforms([]pulumi.ResourceTransform{protect}))
	}
	strategy, zone := awsx.SubnetAllocationStrategyAuto, zoneMask(c)
	vpc, err := awsx.NewVpc(ctx, vpcName(name), &awsx.VpcArgs{
		CidrBlock:                &c.CIDR,
		AvailabilityZoneNames:    args.Zones,
		AvailabilityZoneCidrMask: &zone,
		SubnetStrategy:           &strategy,
		SubnetSpecs:              subnets(zone),
		NatGateways:              &awsx.NatGatewayConfigurationArgs{Strategy: natStrategies[c.NAT]},
		// Private DNS of the interface endpoints needs both.
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("register the VPC: %w", err)
	}
	return vpc, nil
}

// vpcName is the name of the VPC's component, with which the names of its subnets begin.
func vpcName(name string) string { return name + "-vpc" }

// protect protects the VPC and its subnets, which a database cannot be moved out of, and no other resource
// of awsx: a NAT gateway may be deleted. The others are set to unprotected, because they would inherit the
// VPC's protection.
func protect(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if !args.Custom {
		return nil
	}
	args.Opts.Protect = args.Type == "aws:ec2/vpc:Vpc" || args.Type == "aws:ec2/subnet:Subnet"
	return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
}

// zoneMask is the prefix length of a zone's range: a quarter of the VPC's, however many zones there are. So
// an added zone gets subnets after the existing ones and never overlaps them.
func zoneMask(c Config) int {
	const quarter = 2
	return netip.MustParsePrefix(c.CIDR).Bits() + quarter
}

// subnets gives half of each zone's range to the function, whose concurrency needs addresses, and an
// eighth each to the public and the data tier; the last quarter remains free. The largest comes first, so
// that alignment leaves no gaps.
func subnets(zone int) []awsx.SubnetSpecArgs {
	half, eighth := zone+1, zone+3
	return []awsx.SubnetSpecArgs{
		{Type: awsx.SubnetTypePrivate, CidrMask: &half},
		{Type: awsx.SubnetTypePublic, CidrMask: &eighth},
		{Type: awsx.SubnetTypeIsolated, CidrMask: &eighth},
	}
}
