package preflight

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// everywhere is the scope of a quota of the whole region.
const everywhere = ""

// created counts the resources of these types that a preview creates. Replacements do not count: most are deleted
// first.
func created(tokens ...string) func(*graph.Graph) map[string]int {
	return func(g *graph.Graph) map[string]int {
		count := map[string]int{}
		for i := range g.Resources {
			if r := &g.Resources[i]; r.Op == "create" && slices.Contains(tokens, r.Type) {
				count[everywhere]++
			}
		}
		return count
	}
}

// natGateways are the new NAT gateways of each zone.
func natGateways(g *graph.Graph) map[string]int {
	count := map[string]int{}
	for _, nat := range g.ByType(types.NATGateway) {
		if nat.Op != "create" {
			continue
		}
		for _, subnet := range g.RefsTo(nat, "subnetId", types.Subnet) {
			count[subnet.Text("availabilityZone")]++
		}
	}
	return count
}

// interfaceEndpoints counts the new interface endpoints of each VPC, by its id, or the logical name of a new one.
func interfaceEndpoints(g *graph.Graph) map[string]int {
	count := map[string]int{}
	for _, endpoint := range g.ByType(types.VPCEndpoint) {
		if endpoint.Op == "create" && endpoint.Text("vpcEndpointType") == "Interface" {
			count[vpcOf(g, endpoint)]++
		}
	}
	return count
}

// gatewayEndpoints are the new gateway endpoints.
func gatewayEndpoints(g *graph.Graph) map[string]int {
	count := map[string]int{}
	for _, endpoint := range g.ByType(types.VPCEndpoint) {
		if endpoint.Op == "create" && endpoint.Text("vpcEndpointType") != "Interface" {
			count[everywhere]++
		}
	}
	return count
}

// cacheNodes counts the additional nodes of replication groups.
func cacheNodes(g *graph.Graph) map[string]int {
	nodes := func(inputs map[string]any) int {
		shards, replicas := number(inputs, "numNodeGroups"), number(inputs, "replicasPerNodeGroup")
		return max(1, shards) * (1 + replicas)
	}
	count := map[string]int{}
	for _, group := range g.ByType(types.ReplicationGroup) {
		switch group.Op {
		case "create":
			count[everywhere] += nodes(group.Inputs)
		case "update":
			count[everywhere] += max(0, nodes(group.Inputs)-nodes(group.Before))
		}
	}
	return count
}

func number(inputs map[string]any, key string) int {
	n, _ := inputs[key].(float64)
	return int(n)
}

// changes reports whether a preview creates or replaces the resource, or changes one of these inputs.
func changes(r *graph.Resource, inputs ...string) bool {
	switch r.Op {
	case "create", "replace":
		return true
	case "update":
		return slices.ContainsFunc(r.Diffs, func(diff string) bool {
			return slices.ContainsFunc(inputs, func(input string) bool {
				return diff == input || strings.HasPrefix(diff, input+".") || strings.HasPrefix(diff, input+"[")
			})
		})
	}
	return false
}

// vpcOf is the VPC that a resource is created in.
func vpcOf(g *graph.Graph, r *graph.Resource) string {
	if id := r.Text("vpcId"); id != "" && id != graph.Unknown {
		return id
	}
	for _, vpc := range g.RefsTo(r, "vpcId", types.VPC) {
		return vpc.Name
	}
	return "a new VPC"
}
