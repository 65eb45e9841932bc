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

// The account has opted in to a Local Zone, as many accounts have. Its name sorts before those of the availability
// zones. Aurora, ElastiCache and RDS Proxy are not available in it.
// https://docs.aws.amazon.com/local-zones/latest/ug/what-is-aws-local-zones.html
const localZoneSuffix = "-lcl-1a"

// zoneFilters are the members to which the filters of DescribeAvailabilityZones apply.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeAvailabilityZones.html
var zoneFilters = map[string]string{
	"group-name": "groupName", "opt-in-status": "optInStatus", "region-name": "regionName", "state": "zoneState",
	"zone-id": "zoneId", "zone-name": "zoneName", "zone-type": "zoneType",
}

// describeZones adds the Local Zone to the emulator's zones and applies the filters, which the emulator ignores.
func describeZones(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		set := response.Child("availabilityZoneInfo")
		if set == nil || len(set.Children) == 0 {
			return nil
		}
		set.Children = append([]*xmltree.Node{localZone(set.Children[0])}, set.Children...)
		for _, f := range filters(x.Form) {
			member := zoneFilters[f.name]
			set.Children = slices.DeleteFunc(set.Children, func(zone *xmltree.Node) bool {
				return !slices.Contains(f.values, zone.Value(member))
			})
		}
		return nil
	})
}

// localZone returns the Local Zone of the region of a zone.
func localZone(zone *xmltree.Node) *xmltree.Node {
	region := zone.Value("regionName")
	return xmltree.Element("item",
		"zoneName", region+localZoneSuffix, "zoneState", "available", "regionName", region,
		"zoneId", strings.TrimSuffix(zone.Value("zoneId"), "-az1")+"-lcl1-az1",
		"groupName", region+"-lcl-1", "networkBorderGroup", region+"-lcl-1",
		"optInStatus", "opted-in", "zoneType", "local-zone")
}

// createSubnet rejects a subnet that overlaps another one or is outside its VPC. It creates one subnet at a time, so
// that two concurrent calls cannot create overlapping subnets.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html (InvalidSubnet.Conflict, InvalidSubnet.Range)
func (s *service) createSubnet(x *call.Exchange) error {
	s.subnets.Lock()
	defer s.subnets.Unlock()
	vpc, block := x.Form.Get("VpcId"), x.Form.Get("CidrBlock")
	prefix, err := netip.ParsePrefix(block)
	if err != nil {
		return x.Forward() // the emulator rejects an invalid CIDR block
	}
	vpcs, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{"Action": "DescribeVpcs", "VpcId.1": vpc})
	if err != nil {
		return err
	}
	for _, found := range vpcs.Child("vpcSet").Items() {
		if vpcPrefix, err := netip.ParsePrefix(found.Value("cidrBlock")); err == nil && (!vpcPrefix.Contains(prefix.Addr()) || vpcPrefix.Bits() > prefix.Bits()) {
			return x.Reject(http.StatusBadRequest, "InvalidSubnet.Range", "The CIDR '"+block+"' is invalid.")
		}
	}
	subnets, err := x.Emulator.Query(x.Request.Context(), "ec2", emulator.EC2Version, map[string]string{
		"Action": "DescribeSubnets", "Filter.1.Name": "vpc-id", "Filter.1.Value.1": vpc,
	})
	if err != nil {
		return err
	}
	for _, subnet := range subnets.Child("subnetSet").Items() {
		if other, err := netip.ParsePrefix(subnet.Value("cidrBlock")); err == nil && other.Overlaps(prefix) {
			return x.Reject(http.StatusBadRequest, "InvalidSubnet.Conflict", "The CIDR '"+block+"' conflicts with another subnet")
		}
	}
	return x.Forward()
}

// rejectLocalZones rejects an interface endpoint in a subnet of the Local Zone, where AWS services have no endpoints.
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

// filter is a filter of a Describe call.
type filter struct {
	name   string
	values []string
}

// filters returns the filters of a Describe call.
func filters(form url.Values) []filter {
	var all []filter
	for i := 1; form.Has("Filter." + strconv.Itoa(i) + ".Name"); i++ {
		prefix := "Filter." + strconv.Itoa(i)
		all = append(all, filter{form.Get(prefix + ".Name"), call.FormList(form, prefix+".Value")})
	}
	return all
}
