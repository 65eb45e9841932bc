package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// endpointsRule is the name of the rule that compares endpoints with the functions' calls.
const endpointsRule = "endpoints"

// servicesOfAWS are those that AWS itself calls with a function's role: Lambda for network interfaces, logs and
// traces, Secrets Manager and S3 for keys. None of these calls comes from the VPC.
var servicesOfAWS = []string{"ec2", "kms", "logs", "xray"}

// endpointUse requires the VPC endpoints to be those of the services that the functions in the VPC have called:
// without one a call fails unless there is NAT, and an unused one costs by the hour.
func endpointUse(stacks []*graph.Graph, calls []call) report {
	var p report
	called := map[string]bool{}
	for _, g := range stacks {
		for _, f := range g.ByType(types.Function) {
			if f.OutsideVPC() {
				continue
			}
			for _, service := range servicesCalled(g, f, calls) {
				called[service] = true
				p.fact("%s called %s", f.Name, service)
				if endpointOf(g, service) == nil {
					p.add(f, "register a VPC endpoint for it", "called %s, which has no VPC endpoint", service)
				}
			}
		}
	}
	for _, g := range stacks {
		for _, e := range g.ByType(types.VPCEndpoint) {
			if !called[serviceOf(e)] {
				p.add(e, "remove it: it costs by the hour and zone", "no function called %s", serviceOf(e))
			}
		}
	}
	return p
}

// servicesCalled are the AWS services that the function's role has called, each once.
func servicesCalled(g *graph.Graph, f *graph.Resource, calls []call) []string {
	var services []string
	for _, role := range g.RefsTo(f, "role", types.Role) {
		for _, c := range calls {
			service, _, _ := strings.Cut(c.Action, ":")
			if c.caller() == role.ID && !slices.Contains(servicesOfAWS, service) {
				services = append(services, service)
			}
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

func endpointOf(g *graph.Graph, service string) *graph.Resource {
	for _, e := range g.ByType(types.VPCEndpoint) {
		if serviceOf(e) == service {
			return e
		}
	}
	return nil
}

// serviceOf is the last part of an endpoint's service name: com.amazonaws.eu-west-1.s3 gives s3.
func serviceOf(e *graph.Resource) string {
	name := e.Text("serviceName")
	return name[strings.LastIndex(name, ".")+1:]
}
