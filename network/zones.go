package network

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/config"
)

// zone is an availability zone. Names differ between accounts, ids are the same in all.
type zone struct{ name, id string }

// unservedZones are the ids of the zones that RDS Proxy does not support. It omits a subnet there without
// an error, and every later update would replace the proxy (hashicorp/terraform-provider-aws#17781).
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
var unservedZones = []string{"use1-az3", "usw1-az2"}

// Zones are the names of the zones that the network of that name has subnets in, in the order in which
// the subnets are numbered. It looks the zones up in AWS and rejects a configuration that they do not allow,
// so call it before any resource is registered.
func Zones(ctx *pulumi.Context, name string, c Config, opts ...pulumi.InvokeOption) ([]string, error) {
	offered, err := offeredZones(ctx, opts)
	if err != nil {
		return nil, err
	}
	deployed, err := deployedZones(ctx, name, opts)
	if err != nil {
		return nil, err
	}
	names, problem := c.choose(offered, deployed)
	if problem != nil {
		problem.Key = ctx.Project() + ":network." + problem.Key
		return nil, &config.Error{Problems: []config.FieldError{*problem}}
	}
	return names, nil
}

// offeredZones are the availability zones of the region, by name. Local Zones and Wavelength Zones are
// left out: Aurora, ElastiCache and RDS Proxy are not available there, and their names sort before the
// others'. A zone that AWS reports as impaired is included: a stack keeps its zones through an outage.
func offeredZones(ctx *pulumi.Context, opts []pulumi.InvokeOption) ([]zone, error) {
	found, err := aws.GetAvailabilityZones(ctx, &aws.GetAvailabilityZonesArgs{Filters: []aws.GetAvailabilityZonesFilter{
		{Name: "opt-in-status", Values: []string{"opt-in-not-required"}},
		{Name: "zone-type", Values: []string{"availability-zone"}},
	}}, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the availability zones: %w", err)
	}
	if len(found.Names) != len(found.ZoneIds) {
		return nil, fmt.Errorf("read the availability zones: %d names and %d ids", len(found.Names), len(found.ZoneIds))
	}
	zones := make([]zone, len(found.Names))
	for i := range zones {
		zones[i] = zone{found.Names[i], found.ZoneIds[i]}
	}
	slices.SortFunc(zones, func(a, b zone) int { return strings.Compare(a.name, b.name) })
	return zones, nil
}

// deployedZones are the names of the zones that the stack has subnets in, by the subnets' numbers; none
// before the first update. An update that was interrupted may have left a gap, which is empty.
func deployedZones(ctx *pulumi.Context, name string, opts []pulumi.InvokeOption) ([]string, error) {
	var names []string
	for i := range mostZones {
		names = append(names, fmt.Sprintf("%s-private-%d", vpcName(name), i+1))
	}
	found, err := ec2.GetSubnets(ctx, &ec2.GetSubnetsArgs{
		Filters: []ec2.GetSubnetsFilter{{Name: "tag:Name", Values: names}},
	}, opts...)
	if err != nil {
		return nil, fmt.Errorf("read the stack's subnets: %w", err)
	}
	zones := map[string]string{}
	for _, id := range found.Ids {
		subnet, err := ec2.LookupSubnet(ctx, &ec2.LookupSubnetArgs{Id: &id}, opts...)
		if err != nil {
			return nil, fmt.Errorf("read the stack's subnet %s: %w", id, err)
		}
		zones[subnet.Tags["Name"]] = subnet.AvailabilityZone
	}
	var deployed []string
	for i, subnet := range names {
		if zone, ok := zones[subnet]; ok {
			deployed = append(append(deployed, make([]string, i-len(deployed))...), zone)
		}
	}
	return deployed, nil
}

// choose picks the zones: those that are deployed, in their places, and for the rest those that the
// configuration names, or the first ones by name. Zones are only ever added. The resources in a subnet
// cannot move, and AWS rejects the removal of a subnet from a database that has an instance there.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBSubnetGroup.html
func (c Config) choose(offered []zone, deployed []string) ([]string, *config.FieldError) {
	wanted, problem := c.named(offered)
	if problem != nil {
		return nil, problem
	}
	if len(c.ZoneNames) > 0 {
		for _, name := range deployed {
			if name != "" && !slices.Contains(wanted, name) {
				return nil, &config.FieldError{Key: "zoneNames", Value: strings.Join(c.ZoneNames, ", "), MustBe: "a list with " + name +
					": the stack has subnets there, which cannot move. Destroy the stack to leave the zone"}
			}
		}
	} else {
		for _, z := range offered {
			if !slices.Contains(unservedZones, z.id) {
				wanted = append(wanted, z.name)
			}
		}
	}
	if c.Zones < len(deployed) {
		return nil, &config.FieldError{Key: "zones", Value: strconv.Itoa(c.Zones), MustBe: fmt.Sprintf(
			"at least %d: the stack has subnets in %s, which databases may be in. Destroy the stack to have fewer",
			len(deployed), strings.Join(deployed, ", "))}
	}
	chosen := fill(deployed, wanted, c.Zones)
	if has := slices.DeleteFunc(slices.Clone(chosen), func(name string) bool { return name == "" }); len(has) < c.Zones {
		return nil, &config.FieldError{Key: "zones", Value: strconv.Itoa(c.Zones), MustBe: fmt.Sprintf(
			"at most %d: the region has %s", len(has), strings.Join(has, ", "))}
	}
	return chosen, nil
}

// fill assigns the next wanted zone that is not deployed to each empty place, while there are any.
func fill(deployed, wanted []string, places int) []string {
	wanted = slices.DeleteFunc(wanted, func(name string) bool { return slices.Contains(deployed, name) })
	chosen := append(slices.Clone(deployed), make([]string, places-len(deployed))...)
	for i := range chosen {
		if chosen[i] == "" && len(wanted) > 0 {
			chosen[i], wanted = wanted[0], wanted[1:]
		}
	}
	return chosen
}

// named are the names of the zones that the configuration names or gives the ids of.
func (c Config) named(offered []zone) ([]string, *config.FieldError) {
	var names []string
	for _, given := range c.ZoneNames {
		problem := func(want string) ([]string, *config.FieldError) {
			return nil, &config.FieldError{Key: "zoneNames", Value: given, MustBe: want}
		}
		i := slices.IndexFunc(offered, func(z zone) bool { return given == z.name || given == z.id })
		if i < 0 {
			var all []string
			for _, z := range offered {
				all = append(all, z.name+" ("+z.id+")")
			}
			return problem("an availability zone of the region: " + strings.Join(all, ", "))
		}
		if slices.Contains(unservedZones, offered[i].id) {
			return problem("a zone that RDS Proxy serves, which " + offered[i].id + " is not")
		}
		if slices.Contains(names, offered[i].name) {
			return problem("a list with each zone once: this is " + offered[i].name + " again")
		}
		names = append(names, offered[i].name)
	}
	return names, nil
}
