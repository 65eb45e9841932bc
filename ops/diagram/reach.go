package diagram

import (
	"fmt"
	"math"
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
)

// opening is a port that one security group may use to another, or to a prefix list.
type opening struct {
	from, to string
	port     float64
}

// reachability is what the security groups' rules allow.
type reachability struct{ out, in map[opening]bool }

func newReachability(g *graph.Graph) reachability {
	r := reachability{map[opening]bool{}, map[opening]bool{}}
	for _, rule := range g.ByType("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule") {
		to := rule.Text("referencedSecurityGroupId")
		if to == "" {
			to = rule.Text("prefixListId")
		}
		r.out[opening{rule.Text("securityGroupId"), to, rule.Number("fromPort")}] = true
	}
	for _, rule := range g.ByType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule") {
		r.in[opening{rule.Text("referencedSecurityGroupId"), rule.Text("securityGroupId"), rule.Number("fromPort")}] = true
	}
	return r
}

// port is the lowest port that one resource may use to another: let out on this side and in on that
// side; "" without one.
func (r reachability) port(from, to *graph.Resource) string {
	return r.lowest(from, func(o opening) bool { return r.in[o] && slices.Contains(groups(to), o.to) })
}

// prefixPort is the lowest port that a resource may use to a gateway endpoint's service.
func (r reachability) prefixPort(from, endpoint *graph.Resource) string {
	list := endpoint.Text("prefixListId")
	return r.lowest(from, func(o opening) bool { return list != "" && o.to == list })
}

func (r reachability) lowest(from *graph.Resource, fits func(opening) bool) string {
	port := math.Inf(1)
	for o := range r.out {
		if slices.Contains(groups(from), o.from) && fits(o) {
			port = min(port, o.port)
		}
	}
	if math.IsInf(port, 1) {
		return ""
	}
	return fmt.Sprint(port)
}

// groups are the security groups that a resource is in.
func groups(r *graph.Resource) []string {
	var ids []string
	for _, path := range [][]string{{"vpcConfig", "securityGroupIds"}, {"vpcSecurityGroupIds"}, {"securityGroupIds"}} {
		list, _ := r.Value(path...).([]any)
		for _, id := range list {
			ids = append(ids, fmt.Sprint(id))
		}
	}
	return ids
}
