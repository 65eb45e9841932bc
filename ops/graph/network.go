package graph

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/ops/types"
)

// Host is a resource with network interfaces.
type Host struct {
	*Resource
	// Kind is its type's in ops/types, such as "cluster".
	Kind                    string
	SecurityGroups, Subnets []*Resource
}

// OutsideVPC reports whether a function is in no VPC.
func (r *Resource) OutsideVPC() bool { return r.Type == types.Function && r.Inputs["vpcConfig"] == nil }

// Hosts are the resources with network interfaces. Gateway endpoints have none, nor has a function outside
// the VPC.
func (g *Graph) Hosts() []Host {
	var all []Host
	for i := range g.Resources {
		if h, ok := g.Host(&g.Resources[i]); ok {
			all = append(all, h)
		}
	}
	return all
}

// Host is a resource with its security groups and subnets; false where it has no network interface.
func (g *Graph) Host(r *Resource) (Host, bool) {
	network := types.Of(r.Type).Network
	if network == nil || r.OutsideVPC() || (r.Type == types.VPCEndpoint && r.Text("vpcEndpointType") != "Interface") {
		return Host{}, false
	}
	h := Host{Resource: r, Kind: network.Kind, SecurityGroups: g.RefsTo(r, network.SecurityGroups, types.SecurityGroup)}
	if network.SubnetGroup == "" {
		h.Subnets = g.RefsTo(r, network.Subnets, types.Subnet)
		return h, true
	}
	for _, group := range g.RefsTo(r, network.Subnets, network.SubnetGroup) {
		h.Subnets = append(h.Subnets, g.RefsTo(group, "subnetIds", types.Subnet)...)
	}
	return h, true
}

// Ports is a range of TCP or UDP ports, both ends included.
type Ports struct{ From, To int }

var allPorts = Ports{0, 65535}

// Overlap is what two ranges have in common; false: nothing.
func (p Ports) Overlap(q Ports) (Ports, bool) {
	both := Ports{max(p.From, q.From), min(p.To, q.To)}
	return both, both.From <= both.To
}

// String is one port, or a range with a hyphen.
func (p Ports) String() string {
	if p.From == p.To {
		return strconv.Itoa(p.From)
	}
	return strconv.Itoa(p.From) + "-" + strconv.Itoa(p.To)
}

// SecurityGroupRule is a rule of a security group.
type SecurityGroupRule struct {
	*Resource
	Group  *Resource
	Egress bool
	Ports  Ports
	// The other end is one of these: a security group, a gateway endpoint by its prefix list, an address range.
	Peer     *Resource
	Endpoint *Resource
	CIDR     string
}

// SecurityGroupRules are the rules of every security group.
func (g *Graph) SecurityGroupRules() []SecurityGroupRule {
	var all []SecurityGroupRule
	for _, token := range []string{types.SecurityGroupIngressRule, types.SecurityGroupEgressRule} {
		for _, r := range g.ByType(token) {
			all = append(all, SecurityGroupRule{
				Resource: r, Egress: token == types.SecurityGroupEgressRule, Ports: portsOf(r),
				Group:    First(g.RefsTo(r, "securityGroupId", types.SecurityGroup)),
				Peer:     First(g.RefsTo(r, "referencedSecurityGroupId", types.SecurityGroup)),
				Endpoint: g.prefixListOwner(r),
				CIDR:     r.Text("cidrIpv4") + r.Text("cidrIpv6"),
			})
		}
	}
	return all
}

// prefixListOwner is the endpoint whose prefix list a rule names.
func (g *Graph) prefixListOwner(rule *Resource) *Resource {
	list := rule.Text("prefixListId")
	for _, endpoint := range g.ByType(types.VPCEndpoint) {
		if list != "" && list != Unknown && endpoint.Text("prefixListId") == list {
			return endpoint
		}
	}
	return First(g.RefsTo(rule, "prefixListId", types.VPCEndpoint))
}

// portsOf are the ports of a rule: all of them for the protocol -1, which means every protocol.
func portsOf(r *Resource) Ports {
	if r.Text("ipProtocol") == "-1" {
		return allPorts
	}
	return Ports{int(r.Number("fromPort")), int(r.Number("toPort"))}
}

// First is the first of a list, nil where it is empty.
func First(list []*Resource) *Resource {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// matches reports whether the rule's other end is the host: by group, or by an address of its subnets.
func (r SecurityGroupRule) matches(h Host) bool {
	if r.Peer != nil {
		return slices.Contains(h.SecurityGroups, r.Peer)
	}
	network, err := netip.ParsePrefix(r.CIDR)
	return err == nil && slices.ContainsFunc(h.Subnets, func(subnet *Resource) bool {
		own, err := netip.ParsePrefix(subnet.Text("cidrBlock"))
		return err == nil && own.Overlaps(network)
	})
}

// Opened are the port ranges on which one host can connect to another: out of its groups and into the
// other's.
func Opened(rules []SecurityGroupRule, from, to Host) []Ports {
	var found []Ports
	for _, out := range rules {
		if !out.Egress || !slices.Contains(from.SecurityGroups, out.Group) || !out.matches(to) {
			continue
		}
		for _, in := range rules {
			if in.Egress || !slices.Contains(to.SecurityGroups, in.Group) || !in.matches(from) {
				continue
			}
			if both, ok := out.Ports.Overlap(in.Ports); ok && !slices.Contains(found, both) {
				found = append(found, both)
			}
		}
	}
	return found
}

// OpenedToEndpoint are the port ranges on which a host can connect to a gateway endpoint's service.
func OpenedToEndpoint(rules []SecurityGroupRule, from Host, endpoint *Resource) []Ports {
	var found []Ports
	for _, out := range rules {
		if out.Egress && out.Endpoint == endpoint && slices.Contains(from.SecurityGroups, out.Group) {
			found = append(found, out.Ports)
		}
	}
	return found
}

// RouteTables are those of a host's subnets. A subnet without an association has the VPC's main one, which
// is not in the graph.
func (g *Graph) RouteTables(h Host) []*Resource {
	var found []*Resource
	for _, association := range g.ByType(types.RouteTableAssociation) {
		if subnet := First(g.RefsTo(association, "subnetId", types.Subnet)); subnet == nil || !slices.Contains(h.Subnets, subnet) {
			continue
		}
		found = append(found, g.RefsTo(association, "routeTableId", types.RouteTable)...)
	}
	return found
}

// RouteTargets are the inputs that name where the routes of the tables lead: natGatewayId, gatewayId and the
// like.
func (g *Graph) RouteTargets(tables []*Resource) []string {
	var found []string
	for _, route := range g.ByType(types.Route) {
		if table := First(g.RefsTo(route, "routeTableId", types.RouteTable)); table == nil || !slices.Contains(tables, table) {
			continue
		}
		for property, value := range route.Inputs {
			if strings.HasSuffix(property, "Id") && property != "routeTableId" && value != "" && !slices.Contains(found, property) {
				found = append(found, property)
			}
		}
	}
	slices.Sort(found)
	return found
}

// InvokedByAPIGateway is the function that API Gateway may invoke; nil: none.
func (g *Graph) InvokedByAPIGateway() *Resource {
	var found *Resource
	for _, permission := range g.ByType(types.Permission) {
		if permission.Text("principal") == "apigateway.amazonaws.com" {
			if f := First(g.RefsTo(permission, "function", types.Function)); f != nil {
				found = f
			}
		}
	}
	return found
}
