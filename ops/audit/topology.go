package audit

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// The types that the network is read from.
const (
	securityGroup = "aws:ec2/securityGroup:SecurityGroup"
	defaultGroup  = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
	ingressRule   = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
	egressRule    = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
	subnetType    = "aws:ec2/subnet:Subnet"
	vpcType       = "aws:ec2/vpc:Vpc"
	endpointType  = "aws:ec2/vpcEndpoint:VpcEndpoint"
	functionType  = "aws:lambda/function:Function"
	proxyType     = "aws:rds/proxy:Proxy"
	clusterType   = "aws:rds/cluster:Cluster"
	cacheType     = "aws:elasticache/replicationGroup:ReplicationGroup"
)

// host is a part of the stack with network interfaces.
type host struct {
	*graph.Resource
	kind            string
	groups, subnets []*graph.Resource
}

// attachment says how a type tells its security groups and subnets. Subnets may be behind a subnet
// group.
type attachment struct {
	kind, groups, subnets, subnetGroup string
}

var attachments = map[string]attachment{
	functionType: {kind: "function", groups: "vpcConfig", subnets: "vpcConfig"},
	proxyType:    {kind: "proxy", groups: "vpcSecurityGroupIds", subnets: "vpcSubnetIds"},
	clusterType:  {kind: "cluster", groups: "vpcSecurityGroupIds", subnets: "dbSubnetGroupName", subnetGroup: "aws:rds/subnetGroup:SubnetGroup"},
	cacheType:    {kind: "cache", groups: "securityGroupIds", subnets: "subnetGroupName", subnetGroup: "aws:elasticache/subnetGroup:SubnetGroup"},
	endpointType: {kind: "endpoint", groups: "securityGroupIds", subnets: "subnetIds"},
}

// outside says whether a function is in no VPC.
func outside(r *graph.Resource) bool { return r.Type == functionType && r.Inputs["vpcConfig"] == nil }

// hosts are all parts with network interfaces. Gateway endpoints have none, nor has a function outside
// the VPC.
func hosts(g *graph.Graph) []host {
	var all []host
	for i := range g.Resources {
		r := &g.Resources[i]
		a, ok := attachments[r.Type]
		if !ok || outside(r) || (r.Type == endpointType && r.Text("vpcEndpointType") != "Interface") {
			continue
		}
		h := host{Resource: r, kind: a.kind, groups: g.RefsTo(r, a.groups, securityGroup)}
		if a.subnetGroup == "" {
			h.subnets = g.RefsTo(r, a.subnets, subnetType)
		} else {
			for _, group := range g.RefsTo(r, a.subnets, a.subnetGroup) {
				h.subnets = append(h.subnets, g.RefsTo(group, "subnetIds", subnetType)...)
			}
		}
		all = append(all, h)
	}
	return all
}

// ports is a range of TCP or UDP ports, both ends included.
type ports struct{ from, to int }

var allPorts = ports{0, 65535}

func (p ports) meet(q ports) (ports, bool) {
	both := ports{max(p.from, q.from), min(p.to, q.to)}
	return both, both.from <= both.to
}

// rule is one rule of a security group.
type rule struct {
	*graph.Resource
	group *graph.Resource
	out   bool
	ports ports
	// One of them is who is at the other end.
	peer     *graph.Resource // a security group
	endpoint *graph.Resource // whose prefix list it is
	cidr     string
}

// groupRules are the rules of every security group.
func groupRules(g *graph.Graph) []rule {
	var all []rule
	for _, token := range []string{ingressRule, egressRule} {
		for _, r := range g.ByType(token) {
			one := rule{Resource: r, out: token == egressRule, ports: portsOf(r)}
			one.group = first(g.RefsTo(r, "securityGroupId", securityGroup))
			one.peer = first(g.RefsTo(r, "referencedSecurityGroupId", securityGroup))
			one.endpoint = first(g.RefsTo(r, "prefixListId", endpointType))
			one.cidr = r.Text("cidrIpv4") + r.Text("cidrIpv6")
			all = append(all, one)
		}
	}
	return all
}

// portsOf are all ports for the protocol -1, which is every one.
func portsOf(r *graph.Resource) ports {
	if r.Text("ipProtocol") == "-1" {
		return allPorts
	}
	return ports{int(r.Number("fromPort")), int(r.Number("toPort"))}
}

func first(list []*graph.Resource) *graph.Resource {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// admits says whether the rule's other end is the host: by group, or by an address of its subnets.
func (r rule) admits(h host) bool {
	if r.peer != nil {
		return slices.Contains(h.groups, r.peer)
	}
	network, err := netip.ParsePrefix(r.cidr)
	return err == nil && slices.ContainsFunc(h.subnets, func(subnet *graph.Resource) bool {
		own, err := netip.ParsePrefix(subnet.Text("cidrBlock"))
		return err == nil && own.Overlaps(network)
	})
}

// opened are the port ranges that a can open to b: out of a's groups and into b's.
func opened(rules []rule, a, b host) []ports {
	var found []ports
	for _, out := range rules {
		if !out.out || !slices.Contains(a.groups, out.group) || !out.admits(b) {
			continue
		}
		for _, in := range rules {
			if in.out || !slices.Contains(b.groups, in.group) || !in.admits(a) {
				continue
			}
			if both, ok := out.ports.meet(in.ports); ok && !slices.Contains(found, both) {
				found = append(found, both)
			}
		}
	}
	return found
}

// tables are the route tables of a host's subnets. A subnet without an association has the VPC's
// main one, which is not in the graph.
func tables(g *graph.Graph, h host) []*graph.Resource {
	var found []*graph.Resource
	for _, association := range g.ByType("aws:ec2/routeTableAssociation:RouteTableAssociation") {
		if subnet := first(g.RefsTo(association, "subnetId", subnetType)); subnet == nil || !slices.Contains(h.subnets, subnet) {
			continue
		}
		found = append(found, g.RefsTo(association, "routeTableId", "aws:ec2/routeTable:RouteTable")...)
	}
	return found
}

// waysOut are what the routes of the tables lead to, by the property that names it: natGatewayId,
// gatewayId and the like.
func waysOut(g *graph.Graph, of []*graph.Resource) []string {
	var found []string
	for _, route := range g.ByType("aws:ec2/route:Route") {
		if table := first(g.RefsTo(route, "routeTableId", "aws:ec2/routeTable:RouteTable")); table == nil || !slices.Contains(of, table) {
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

// String is one port, or a range with a hyphen.
func (p ports) String() string {
	if p.from == p.to {
		return strconv.Itoa(p.from)
	}
	return strconv.Itoa(p.from) + "-" + strconv.Itoa(p.to)
}
