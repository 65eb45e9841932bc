// Package vpc is the component awsx:ec2:Vpc: a VPC with its subnets, routes and gateways.
package vpc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/awsx/layout"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// defaultCIDR is the VPC's block when none is given and no IPAM pool is to choose one.
const defaultCIDR = "10.0.0.0/16"

// args are the component's inputs. Plain fields must be known before anything is registered; the others may be outputs.
type args struct {
	AvailabilityZoneCidrMask  *int           `pulumi:"availabilityZoneCidrMask"`
	AvailabilityZoneNames     []string       `pulumi:"availabilityZoneNames"`
	CidrBlock                 *string        `pulumi:"cidrBlock"`
	NatGateways               *natGateways   `pulumi:"natGateways"`
	NumberOfAvailabilityZones *int           `pulumi:"numberOfAvailabilityZones"`
	SubnetSpecs               []subnetSpec   `pulumi:"subnetSpecs"`
	SubnetStrategy            *string        `pulumi:"subnetStrategy"`
	VpcEndpointSpecs          []endpointSpec `pulumi:"vpcEndpointSpecs"`

	Tags pulumi.StringMapInput `pulumi:"tags"`

	// Passed to aws.ec2.Vpc unchanged.
	AssignGeneratedIpv6CidrBlock     pulumi.BoolPtrInput   `pulumi:"assignGeneratedIpv6CidrBlock"`
	EnableDNSHostnames               pulumi.BoolPtrInput   `pulumi:"enableDnsHostnames"`
	EnableDNSSupport                 pulumi.BoolPtrInput   `pulumi:"enableDnsSupport"`
	EnableNetworkAddressUsageMetrics pulumi.BoolPtrInput   `pulumi:"enableNetworkAddressUsageMetrics"`
	InstanceTenancy                  pulumi.StringPtrInput `pulumi:"instanceTenancy"`
	Ipv4IpamPoolID                   pulumi.StringPtrInput `pulumi:"ipv4IpamPoolId"`
	Ipv4NetmaskLength                pulumi.IntPtrInput    `pulumi:"ipv4NetmaskLength"`
	Ipv6CidrBlock                    pulumi.StringPtrInput `pulumi:"ipv6CidrBlock"`
	Ipv6CidrBlockNetworkBorderGroup  pulumi.StringPtrInput `pulumi:"ipv6CidrBlockNetworkBorderGroup"`
	Ipv6IpamPoolID                   pulumi.StringPtrInput `pulumi:"ipv6IpamPoolId"`
	Ipv6NetmaskLength                pulumi.IntPtrInput    `pulumi:"ipv6NetmaskLength"`
}

type natGateways struct {
	Strategy               *string              `pulumi:"strategy"`
	ElasticIPAllocationIDs []pulumi.StringInput `pulumi:"elasticIpAllocationIds"`
}

type subnetSpec struct {
	CidrBlocks []string              `pulumi:"cidrBlocks"`
	CidrMask   *int                  `pulumi:"cidrMask"`
	Name       *string               `pulumi:"name"`
	Size       *int                  `pulumi:"size"`
	Tags       pulumi.StringMapInput `pulumi:"tags"`
	Type       string                `pulumi:"type"`
}

type endpointSpec struct {
	AutoAccept        *bool                   `pulumi:"autoAccept"`
	Policy            pulumi.StringPtrInput   `pulumi:"policy"`
	PrivateDNSEnabled *bool                   `pulumi:"privateDnsEnabled"`
	RouteTableIDs     pulumi.StringArrayInput `pulumi:"routeTableIds"`
	SecurityGroupIDs  pulumi.StringArrayInput `pulumi:"securityGroupIds"`
	ServiceName       string                  `pulumi:"serviceName"`
	SubnetIDs         pulumi.StringArrayInput `pulumi:"subnetIds"`
	Tags              pulumi.StringMapInput   `pulumi:"tags"`
	VpcEndpointType   pulumi.StringPtrInput   `pulumi:"vpcEndpointType"`

	// Without effect in the real component, so here as well.
	DNSOptions           pulumi.Input `pulumi:"dnsOptions"`
	IPAddressType        pulumi.Input `pulumi:"ipAddressType"`
	ServiceRegion        pulumi.Input `pulumi:"serviceRegion"`
	SubnetConfigurations pulumi.Input `pulumi:"subnetConfigurations"`
}

// check reports contradicting inputs before a zone is looked up.
func (a args) check() error {
	if a.AvailabilityZoneNames != nil && a.NumberOfAvailabilityZones != nil && *a.NumberOfAvailabilityZones != 0 {
		return errors.New("only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified")
	}
	if a.NumberOfAvailabilityZones != nil && *a.NumberOfAvailabilityZones < 0 {
		return fmt.Errorf("numberOfAvailabilityZones: %d is negative", *a.NumberOfAvailabilityZones)
	}
	if a.Ipv4IpamPoolID == nil {
		return nil
	}
	if a.CidrBlock != nil && a.Ipv4NetmaskLength != nil {
		return errors.New("only one of 'cidrBlock', 'ipv4NetmaskLength' is allowed")
	}
	if a.CidrBlock == nil && a.Ipv4NetmaskLength == nil {
		return errors.New("if 'ipv4IpamPoolId' is specified, 'ipv4NetmaskLength' or 'cidrBlock' must also be specified")
	}
	return nil
}

// checkElasticIPs requires the exact number of addresses: users with their own addresses have usually announced them as
// the sources of the VPC's traffic.
func (a args) checkElasticIPs(zones int) error {
	const key = "natGateways.elasticIpAllocationIds"
	strategy, count := a.natStrategy(), len(a.allocationIDs())
	switch strings.ToLower(strategy) {
	case natNone:
		if count > 0 {
			return fmt.Errorf("%s: elastic IP allocation IDs cannot be specified when NAT Gateway strategy is '%s'", key, strategy)
		}
	case natSingle:
		if count > 1 {
			return fmt.Errorf("%s: exactly one Elastic IP may be specified when NAT Gateway strategy is '%s', not %d",
				key, strategy, count)
		}
	case natOnePerAZ:
		if count > 0 && count != zones {
			return fmt.Errorf("%s: the number of Elastic IPs (%d), if specified, must match the number of availability zones "+
				"for the VPC (%d) when NAT Gateway strategy is '%s'", key, count, zones, strategy)
		}
	default:
		return fmt.Errorf("natGateways.strategy: unknown NatGatewayStrategy '%s': use None, Single or OnePerAz", strategy)
	}
	return nil
}

// block is the VPC's CIDR block; "" if an IPAM pool is to choose it.
func (a args) block() (string, error) {
	switch {
	case a.CidrBlock != nil && *a.CidrBlock == "":
		return "", errors.New(`cidrBlock: is empty: give a block such as "10.0.0.0/16", or leave the input out`)
	case a.CidrBlock != nil:
		return *a.CidrBlock, nil
	case a.Ipv4IpamPoolID != nil:
		return "", nil
	default:
		return defaultCIDR, nil
	}
}

func (a args) natStrategy() string {
	if a.NatGateways == nil || a.NatGateways.Strategy == nil {
		return "OnePerAz"
	}
	return *a.NatGateways.Strategy
}

func (a args) allocationIDs() []pulumi.StringInput {
	if a.NatGateways == nil {
		return nil
	}
	return a.NatGateways.ElasticIPAllocationIDs
}

// layout prepares the subnets. The strategy is the real component's default if none is given.
func (a args) layout(name string, zones []string) (layout.Layout, error) {
	request := layout.Request{
		VPC: name, Strategy: layout.Legacy, NAT: a.natStrategy(), Zones: zones, ZoneMask: a.AvailabilityZoneCidrMask,
	}
	if a.SubnetStrategy != nil {
		request.Strategy = *a.SubnetStrategy
	}
	if a.SubnetSpecs != nil {
		request.Specs = make([]layout.Spec, len(a.SubnetSpecs))
	}
	for i, s := range a.SubnetSpecs {
		request.Specs[i] = layout.Spec{
			Name: s.Name, Type: s.Type, CIDRMask: s.CidrMask, Size: s.Size, CIDRBlocks: s.CidrBlocks,
		}
	}
	return layout.Prepare(request)
}
