package network

import (
	"context"
	"fmt"
	"math/bits"
	"net/netip"

	awsx "github.com/pulumi/pulumi-awsx/sdk/v2/go/awsx/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// natStrategies are awsx's names for our modes.
var natStrategies = map[NAT]awsx.NatGatewayStrategy{
	NATNone:   awsx.NatGatewayStrategyNone,
	NATSingle: awsx.NatGatewayStrategySingle,
	NATPerAZ:  awsx.NatGatewayStrategyOnePerAz,
}

// vpc registers the VPC with its subnets, routes and NAT. Layout and NAT strategy are always said:
// awsx's defaults have changed before, and another layout would replace every subnet.
func (n *Network) vpc(ctx *pulumi.Context, name string, args Args) (*awsx.Vpc, error) {
	c, opts := args.Config, []pulumi.ResourceOption{pulumi.Parent(n)}
	if args.Protect {
		opts = append(opts, pulumi.Transforms([]pulumi.ResourceTransform{protect}))
	}
	strategy := awsx.SubnetAllocationStrategyAuto
	vpc, err := awsx.NewVpc(ctx, name+"-vpc", &awsx.VpcArgs{
		CidrBlock:                 &c.CIDR,
		NumberOfAvailabilityZones: &c.Zones,
		SubnetStrategy:            &strategy,
		SubnetSpecs:               subnets(c),
		NatGateways:               &awsx.NatGatewayConfigurationArgs{Strategy: natStrategies[c.NAT]},
		// Private DNS of the interface endpoints needs both.
		EnableDnsHostnames: pulumi.Bool(true),
		EnableDnsSupport:   pulumi.Bool(true),
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("register the VPC: %w", err)
	}
	return vpc, nil
}

// protect protects what a database cannot be moved out of, and nothing else of awsx's: a NAT gateway
// may go. Everything else says that it is not, because it lies below the VPC and would inherit it.
func protect(_ context.Context, args *pulumi.ResourceTransformArgs) *pulumi.ResourceTransformResult {
	if !args.Custom {
		return nil
	}
	args.Opts.Protect = args.Type == "aws:ec2/vpc:Vpc" || args.Type == "aws:ec2/subnet:Subnet"
	return &pulumi.ResourceTransformResult{Props: args.Props, Opts: args.Opts}
}

// subnets gives each zone's range half to the function, whose concurrency takes addresses, and an
// eighth each to the public and the data tier; the last quarter stays free. The largest comes
// first, so that alignment leaves no gaps.
func subnets(c Config) []awsx.SubnetSpecArgs {
	zoneBits := bits.Len(uint(c.Zones - 1))
	zone := netip.MustParsePrefix(c.CIDR).Bits() + zoneBits
	half, eighth := zone+1, zone+3
	return []awsx.SubnetSpecArgs{
		{Type: awsx.SubnetTypePrivate, CidrMask: &half},
		{Type: awsx.SubnetTypePublic, CidrMask: &eighth},
		{Type: awsx.SubnetTypeIsolated, CidrMask: &eighth},
	}
}
