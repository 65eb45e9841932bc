package ec2

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
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
func describeZones(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	set := response.Child("availabilityZoneInfo")
	if set == nil || len(set.Children) == 0 {
		return nil
	}
	region := set.Children[0].Value("regionName")
	local := xmltree.Element("item",
		"zoneName", region+localZoneSuffix, "zoneState", "available", "regionName", region,
		"zoneId", strings.TrimSuffix(set.Children[0].Value("zoneId"), "-az1")+"-lcl1-az1",
		"groupName", region+"-lcl-1", "networkBorderGroup", region+"-lcl-1",
		"optInStatus", "opted-in", "zoneType", "local-zone")
	set.Children = append([]*xmltree.Node{local}, set.Children...)
	for _, f := range filters(x.Form) {
		member := zoneFilters[f.name]
		set.Children = slices.DeleteFunc(set.Children, func(zone *xmltree.Node) bool {
			return !slices.Contains(f.values, zone.Value(member))
		})
	}
	x.Response = response.Bytes()
	return nil
}

// placeSubnet refuses a subnet that overlaps another of its VPC, or lies outside it, as AWS does. It
// lets one subnet be made at a time, so that two at once do not miss each other.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidSubnet.Conflict, InvalidSubnet.Range)
func (s *service) createSubnet(x *call.Exchange) error {
	s.subnets.Lock()
	defer s.subnets.Unlock()
	vpc, block := x.Form.Get("VpcId"), x.Form.Get("CidrBlock")
	wanted, err := netip.ParsePrefix(block)
	if err != nil {
		return x.Forward() // AWS's own refusal of what is no block is the emulator's to give
	}
	ranges, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{"Action": "DescribeVpcs", "VpcId.1": vpc})
	if err != nil {
		return err
	}
	for _, found := range ranges.Child("vpcSet").Items() {
		if whole, err := netip.ParsePrefix(found.Value("cidrBlock")); err == nil && (!whole.Contains(wanted.Addr()) || whole.Bits() > wanted.Bits()) {
			return x.Reject(http.StatusBadRequest, "InvalidSubnet.Range", "The CIDR '"+block+"' is invalid.")
		}
	}
	taken, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{
		"Action": "DescribeSubnets", "Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc,
	})
	if err != nil {
		return err
	}
	for _, subnet := range taken.Child("subnetSet").Items() {
		if other, err := netip.ParsePrefix(subnet.Value("cidrBlock")); err == nil && other.Overlaps(wanted) {
			return x.Reject(http.StatusBadRequest, "InvalidSubnet.Conflict", "The CIDR '"+block+"' conflicts with another subnet")
		}
	}
	return x.Forward()
}

// refuseLocalZones refuses an interface endpoint in a subnet of the Local Zone, where AWS's services have
// none.
// https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
func rejectLocalZones(create call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		zones, err := x.Emulator.SubnetZones(x.Request.Context(), call.FormList(x.Form, "SubnetId"))
		if err != nil {
			return err
		}
		for id, zone := range zones {
			if strings.HasSuffix(zone.Value("availabilityZone"), localZoneSuffix) {
				return x.Reject(http.StatusBadRequest, "InvalidParameter", "The VPC endpoint service "+x.Form.Get("ServiceName")+
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
		all = append(all, filter{form.Get(prefix + ".Name"), call.FormList(form, prefix+".Value")})
	}
	return all
}
