package rds

import (
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// unservedZones are the ids of the zones that RDS Proxy does not serve.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
var unservedZones = []string{"use1-az3", "usw1-az2"}

// leastProxyZones is in how many zones a proxy has subnets at least.
const minProxyZones = 2

// droppedSubnets are the subnets that a proxy was given and does not have, by name of the proxy.
type droppedSubnets struct {
	mu sync.Mutex
	of map[string][]string
}

// placeProxy gives a proxy the subnets in zones that RDS Proxy serves, drops the others without an error,
// and refuses the call where fewer than two zones are left, as AWS does
// (hashicorp/terraform-provider-aws#17781, and the page above).
func (s *service) createProxy(create call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		given := call.FormList(x.Form, "VpcSubnetIds")
		subnets, err := x.Emulator.SubnetZones(x.Request.Context(), given)
		if err != nil {
			return err
		}
		var dropped []string
		zones := map[string]bool{}
		for id, subnet := range subnets {
			if zone := subnet.Value("availabilityZoneId"); slices.Contains(unservedZones, zone) {
				dropped = append(dropped, id)
			} else {
				zones[zone] = true
			}
		}
		if len(dropped) > 0 && len(zones) < minProxyZones {
			return x.Reject(http.StatusBadRequest, "InvalidSubnet", fmt.Sprintf(
				"RDS Proxy needs subnets in two availability zones that it serves. Of %v, %v are in zones that it does not serve.", given, dropped))
		}
		s.dropped.mu.Lock()
		s.dropped.of[x.Form.Get("DBProxyName")] = dropped
		s.dropped.mu.Unlock()
		return create(x)
	}
}

// hideDropped takes the dropped subnets out of a proxy.
func (s *service) removeDropped(proxy *xmltree.Node) {
	s.dropped.mu.Lock()
	dropped := s.dropped.of[proxy.Value("DBProxyName")]
	s.dropped.mu.Unlock()
	if subnets := proxy.Child("VpcSubnetIds"); subnets != nil {
		subnets.Children = slices.DeleteFunc(subnets.Children, func(id *xmltree.Node) bool { return slices.Contains(dropped, id.Text) })
	}
}
