package gateway

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// The Local Zone that the account has opted in to, as many accounts have one: its name sorts before those
// of the availability zones. Aurora, ElastiCache and RDS Proxy are not there.
// https://docs.aws.amazon.com/local-zones/latest/ug/what-is-aws-local-zones.html
const localZoneSuffix = "-lcl-1a"

// zoneFilters are the filters of DescribeAvailabilityZones, by the member that they are held against.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
var zoneFilters = map[string]string{
	"group-name": "groupName", "opt-in-status": "optInStatus", "region-name": "regionName", "state": "zoneState",
	"zone-id": "zoneId", "zone-name": "zoneName", "zone-type": "zoneType",
}

// showZones adds the Local Zone to the emulator's zones and applies the filters, which it ignores.
func showZones(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	set := answer.child("availabilityZoneInfo")
	if set == nil || len(set.children) == 0 {
		return nil
	}
	region := set.children[0].value("regionName")
	local := element("item",
		"zoneName", region+localZoneSuffix, "zoneState", "available", "regionName", region,
		"zoneId", strings.TrimSuffix(set.children[0].value("zoneId"), "-az1")+"-lcl1-az1",
		"groupName", region+"-lcl-1", "networkBorderGroup", region+"-lcl-1",
		"optInStatus", "opted-in", "zoneType", "local-zone")
	set.children = append([]*node{local}, set.children...)
	for _, f := range filters(x.form) {
		member := zoneFilters[f.name]
		set.children = slices.DeleteFunc(set.children, func(zone *node) bool {
			return !slices.Contains(f.values, zone.value(member))
		})
	}
	x.answer = answer.bytes()
	return nil
}

// placeSubnet refuses a subnet that overlaps another of its VPC, or lies outside it, as AWS does. It
// lets one subnet be made at a time, so that two at once do not miss each other.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidSubnet.Conflict, InvalidSubnet.Range)
func placeSubnet(x *exchange) error {
	x.g.subnets.Lock()
	defer x.g.subnets.Unlock()
	vpc, block := x.form.Get("VpcId"), x.form.Get("CidrBlock")
	wanted, err := netip.ParsePrefix(block)
	if err != nil {
		return x.forward() // AWS's own refusal of what is no block is the emulator's to give
	}
	ranges, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{"Action": "DescribeVpcs", "VpcId.1": vpc})
	if err != nil {
		return err
	}
	for _, found := range ranges.child("vpcSet").items() {
		if whole, err := netip.ParsePrefix(found.value("cidrBlock")); err == nil && (!whole.Contains(wanted.Addr()) || whole.Bits() > wanted.Bits()) {
			return x.refuse(http.StatusBadRequest, "InvalidSubnet.Range", "The CIDR '"+block+"' is invalid.")
		}
	}
	taken, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{
		"Action": "DescribeSubnets", "Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc,
	})
	if err != nil {
		return err
	}
	for _, subnet := range taken.child("subnetSet").items() {
		if other, err := netip.ParsePrefix(subnet.value("cidrBlock")); err == nil && other.Overlaps(wanted) {
			return x.refuse(http.StatusBadRequest, "InvalidSubnet.Conflict", "The CIDR '"+block+"' conflicts with another subnet")
		}
	}
	return x.forward()
}

// refuseLocalZones refuses an interface endpoint in a subnet of the Local Zone, where AWS's services have
// none.
// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
func refuseLocalZones(create handler) handler {
	return func(x *exchange) error {
		zones, err := x.g.subnetZones(x.r.Context(), formList(x.form, "SubnetId"))
		if err != nil {
			return err
		}
		for id, zone := range zones {
			if strings.HasSuffix(zone.value("availabilityZone"), localZoneSuffix) {
				return x.refuse(http.StatusBadRequest, "InvalidParameter", "The VPC endpoint service "+x.form.Get("ServiceName")+
					" does not support the availability zone of the subnet: "+id+".")
			}
		}
		return create(x)
	}
}

// filter is one filter of a Describe call of EC2.
type filter struct {
	name   string
	values []string
}

// filters are those of a Describe call of EC2.
func filters(form url.Values) []filter {
	var all []filter
	for i := 1; form.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		prefix := "Filter." + strconv.Itoa(i)
		all = append(all, filter{form.Get(prefix + ".Name"), formList(form, prefix+".Value")})
	}
	return all
}
