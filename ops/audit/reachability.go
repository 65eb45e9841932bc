package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// allowedPath is a connection that hosts of one kind may open to hosts of another.
type allowedPath struct {
	from, to string
	port     int
}

// queries is the kind of the function that runs operators' queries, which reaches the cluster and nothing else.
const queries = "query"

// kind is the kind of a host in allowedPaths.
func kind(h graph.Host) string {
	if h.Kind == "function" && h.Text("handler") == contract.HandlerQuery {
		return queries
	}
	return h.Kind
}

// allowedPaths are the connections that hosts may open to each other: those along a request, those of queries, and no
// others. In a stack without a proxy the function connects to the cluster itself.
func allowedPaths(g *graph.Graph) []allowedPath {
	all := []allowedPath{{"function", "cache", 6379}, {"function", "endpoint", 443}, {queries, "cluster", 5432}}
	if len(g.ByType(types.DBProxy)) == 0 {
		return append(all, allowedPath{"function", "cluster", 5432})
	}
	return append(all, allowedPath{"function", "proxy", 5432}, allowedPath{"proxy", "cluster", 5432})
}

// services are the AWS APIs that functions in the VPC call, each through an endpoint, whatever the NAT mode.
var services = []string{"s3", "secretsmanager"}

const https = 443

func includesHTTPS(open graph.Ports) bool { return open.From <= https && https <= open.To }

// reachability computes from security groups, subnets, routes and endpoints which host can open which port of
// which other. Network ACLs are not computed: one in the graph is a finding.
func reachability(g *graph.Graph) report {
	var p report
	all, rules, wanted := g.Hosts(), g.SecurityGroupRules(), allowedPaths(g)
	checkSecurityGroups(g, &p, all)
	for _, a := range all {
		for _, b := range all {
			if a.URN != b.URN {
				checkConnection(&p, rules, wanted, a, b)
			}
		}
		checkEgress(g, &p, a)
		if kind(a) == "function" {
			for _, service := range services {
				checkService(g, &p, rules, all, a, service)
			}
		}
	}
	for _, f := range g.ByType(types.Function) {
		if f.OutsideVPC() {
			p.add(f, "put it into private subnets, or say in accepted.yaml what it is outside for",
				"is in no VPC: it can open connections to the whole internet, and no endpoint's policy holds for it")
		}
	}
	checkRules(g, &p, rules)
	return p
}

// checkSecurityGroups requires every host to have a known security group, and nothing else to have any.
func checkSecurityGroups(g *graph.Graph, p *report, all []graph.Host) {
	for _, h := range all {
		if len(h.SecurityGroups) == 0 {
			p.add(h.Resource, "give it a security group of its own", "has no security group in the graph: it is in the VPC's default one, or in none")
		}
	}
	for i := range g.Resources {
		r := &g.Resources[i]
		if types.Of(r.Type).Network != nil || r.Type == types.SecurityGroupIngressRule || r.Type == types.SecurityGroupEgressRule || !r.Custom {
			continue
		}
		for input := range r.Inputs {
			if len(g.RefsTo(r, input, types.SecurityGroup)) > 0 {
				p.add(r, "say in its row of ops/types what its Network is, or use separate rules", "uses a security group in %s, which the audit cannot follow", input)
			}
		}
	}
}

// checkConnection compares what one host can open of another with the allowed path.
func checkConnection(p *report, rules []graph.SecurityGroupRule, paths []allowedPath, a, b graph.Host) {
	wanted := 0
	for _, path := range paths {
		if path.from == kind(a) && path.to == kind(b) {
			wanted = path.port
		}
	}
	there := false
	for _, open := range graph.Opened(rules, a, b) {
		p.fact("%s %s -> %s %s port %s", a.Kind, a.Name, b.Kind, b.Name, open)
		if wanted != 0 && open == (graph.Ports{From: wanted, To: wanted}) {
			there = true
			continue
		}
		p.add(a.Resource, "narrow the rules between their groups, or add the path to the audit's allowedPaths and say why",
			"can open port %s to the %s %s", open, b.Kind, b.Name)
	}
	if wanted != 0 && !there {
		p.add(a.Resource, "add a rule out of its group and one into the other's", "cannot open port %d to the %s %s", wanted, b.Kind, b.Name)
	}
}

// checkEgress allows functions and endpoints an egress route by NAT, and everything else none.
func checkEgress(g *graph.Graph, p *report, h graph.Host) {
	for _, target := range g.RouteTargets(g.RouteTables(h)) {
		p.fact("%s %s has a route by %s", h.Kind, h.Name, target)
		if target == "natGatewayId" && (h.Kind == "function" || h.Kind == "endpoint") {
			continue
		}
		p.add(h.Resource, "put it into subnets without that route", "is in a subnet whose route leads out of the VPC by %s", target)
	}
}

// checkService requires the function to reach a service of AWS through an endpoint.
func checkService(g *graph.Graph, p *report, rules []graph.SecurityGroupRule, all []graph.Host, f graph.Host, service string) {
	for _, endpoint := range g.ByType(types.VPCEndpoint) {
		if !strings.HasSuffix(endpoint.Text("serviceName"), "."+service) {
			continue
		}
		fault := gatewayFault(g, rules, f, endpoint)
		if endpoint.Text("vpcEndpointType") == "Interface" {
			fault = interfaceFault(g, rules, all, f, endpoint)
		}
		if fault == "" {
			p.fact("function %s -> %s without NAT, by the endpoint %s", f.Name, service, endpoint.Name)
			return
		}
		p.add(f.Resource, "repair the endpoint "+endpoint.Name, "does not reach %s without NAT: %s", service, fault)
		return
	}
	p.add(f.Resource, "register a VPC endpoint for it", "does not reach %s without NAT: no endpoint", service)
}

// gatewayFault is why the function cannot use a gateway endpoint; "" when it can.
func gatewayFault(g *graph.Graph, rules []graph.SecurityGroupRule, f graph.Host, endpoint *graph.Resource) string {
	routed := g.RefsTo(endpoint, "routeTableIds", types.RouteTable)
	for _, table := range g.RouteTables(f) {
		if !slices.Contains(routed, table) {
			return "the endpoint is not in the route table " + table.Name
		}
	}
	if slices.ContainsFunc(graph.OpenedToEndpoint(rules, f, endpoint), includesHTTPS) {
		return ""
	}
	return "no rule allows egress to the endpoint's prefix list on port 443"
}

// interfaceFault is why the function cannot use an interface endpoint; "" when it can.
func interfaceFault(g *graph.Graph, rules []graph.SecurityGroupRule, all []graph.Host, f graph.Host, endpoint *graph.Resource) string {
	if !endpoint.True("privateDnsEnabled") {
		return "the endpoint has no private DNS, so the service's name resolves to public addresses"
	}
	for _, vpc := range g.ByType(types.VPC) {
		if !vpc.True("enableDnsSupport") || !vpc.True("enableDnsHostnames") {
			return "the VPC's DNS is off"
		}
	}
	for _, h := range all {
		if h.URN != endpoint.URN {
			continue
		}
		if len(h.Subnets) == 0 && !unknown(endpoint, "subnetIds") {
			return "the endpoint is in no subnet"
		}
		if !slices.ContainsFunc(graph.Opened(rules, f, h), includesHTTPS) {
			return "no pair of rules opens port 443 to the endpoint"
		}
	}
	return ""
}

// checkRules reports rules that allow traffic by address, and rules that the graph does not follow.
func checkRules(g *graph.Graph, p *report, rules []graph.SecurityGroupRule) {
	for _, r := range rules {
		switch {
		case r.CIDR != "":
			p.add(r.Resource, "name a security group or an endpoint's prefix list instead", "is open to any address in %s", r.CIDR)
		case r.Peer == nil && r.Endpoint == nil:
			p.add(r.Resource, "name a security group or an endpoint's prefix list of this stack", "names a resource that is not in the graph")
		}
	}
	for i := range g.Resources {
		r := &g.Resources[i]
		switch r.Type {
		case "aws:ec2/securityGroupRule:SecurityGroupRule":
			p.add(r, "use the separate kinds of rules for in and out", "is a rule of the old kind, which the audit does not follow")
		case "aws:ec2/networkAcl:NetworkAcl", "aws:ec2/networkAclRule:NetworkAclRule":
			p.add(r, "use security groups instead", "is a network ACL, which the audit does not compute")
		case types.SecurityGroup, types.DefaultSecurityGroup:
			for _, inline := range []string{"ingress", "egress"} {
				if list, ok := r.Inputs[inline].([]any); ok && len(list) > 0 {
					p.add(r, "use separate rules", "has rules of its own in %s, which the audit does not follow", inline)
				}
			}
		}
	}
	if len(g.ByType(types.VPC)) > len(g.ByType(types.DefaultSecurityGroup)) {
		p.add(g.ByType(types.VPC)[0], "register an empty default security group", "leaves the default security group as AWS creates it: open within itself and to the internet")
	}
}

// unknown reports whether the input is not known before the update.
func unknown(r *graph.Resource, input string) bool {
	return slices.Contains(r.Texts(input), graph.Unknown)
}
