package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// unservedZones are the ids of the zones that RDS Proxy does not serve.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
var unservedZones = []string{"use1-az3", "usw1-az2"}

// leastProxyZones is in how many zones a proxy has subnets at least.
const leastProxyZones = 2

// droppedSubnets are the subnets that a proxy was given and does not have, by name of the proxy.
type droppedSubnets struct {
	mu sync.Mutex
	of map[string][]string
}

// placeProxy gives a proxy the subnets in zones that RDS Proxy serves, drops the others without an error,
// and refuses the call where fewer than two zones are left, as AWS does
// (hashicorp/terraform-provider-aws#17781, and the page above).
func placeProxy(create handler) handler {
	return func(x *exchange) error {
		given := formList(x.form, "VpcSubnetIds")
		subnets, err := x.g.subnetZones(x.r.Context(), given)
		if err != nil {
			return err
		}
		var dropped []string
		zones := map[string]bool{}
		for id, subnet := range subnets {
			if zone := subnet.value("availabilityZoneId"); slices.Contains(unservedZones, zone) {
				dropped = append(dropped, id)
			} else {
				zones[zone] = true
			}
		}
		if len(dropped) > 0 && len(zones) < leastProxyZones {
			return x.refuse(http.StatusBadRequest, "InvalidSubnet", fmt.Sprintf(
				"RDS Proxy needs subnets in two availability zones that it serves. Of %v, %v are in zones that it does not serve.", given, dropped))
		}
		x.g.dropped.mu.Lock()
		x.g.dropped.of[x.form.Get("DBProxyName")] = dropped
		x.g.dropped.mu.Unlock()
		return create(x)
	}
}

// hideDropped takes the dropped subnets out of a proxy.
func (g *Gateway) hideDropped(proxy *node) {
	g.dropped.mu.Lock()
	dropped := g.dropped.of[proxy.value("DBProxyName")]
	g.dropped.mu.Unlock()
	if subnets := proxy.child("VpcSubnetIds"); subnets != nil {
		subnets.children = slices.DeleteFunc(subnets.children, func(id *node) bool { return slices.Contains(dropped, id.text) })
	}
}
