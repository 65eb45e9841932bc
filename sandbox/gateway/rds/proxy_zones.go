package rds

import (
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// unservedZones are the IDs of the zones in which RDS Proxy is not available.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
var unservedZones = []string{"use1-az3", "usw1-az2"}

// minProxyZones is the minimum number of zones of a proxy's subnets.
const minProxyZones = 2

// droppedSubnets are the requested subnets that proxies do not have.
type droppedSubnets struct {
	mu      sync.Mutex
	byProxy map[string][]string // subnet IDs by name of the proxy
}

// createProxy drops the subnets in zones where RDS Proxy is not available, without an error, and rejects the call if
// fewer than two zones remain, as AWS does (hashicorp/terraform-provider-aws#17781, and the page above).
func (s *service) createProxy(create call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		requested := call.FormList(x.Form, "VpcSubnetIds")
		subnets, err := x.Emulator.SubnetZones(x.Request.Context(), requested)
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
				"RDS Proxy requires subnets in two availability zones that support it. Of %v, %v are in zones that do not.", requested, dropped))
		}
		s.dropped.mu.Lock()
		s.dropped.byProxy[x.Form.Get("DBProxyName")] = dropped
		s.dropped.mu.Unlock()
		return create(x)
	}
}

// removeDropped removes the dropped subnets from a proxy in a response.
func (s *service) removeDropped(proxy *xmltree.Node) {
	s.dropped.mu.Lock()
	dropped := s.dropped.byProxy[proxy.Value("DBProxyName")]
	s.dropped.mu.Unlock()
	if subnets := proxy.Child("VpcSubnetIds"); subnets != nil {
		subnets.Children = slices.DeleteFunc(subnets.Children, func(id *xmltree.Node) bool { return slices.Contains(dropped, id.Text) })
	}
}
