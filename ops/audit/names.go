package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// executionLogs starts the log groups that API Gateway names after an API's id.
const executionLogs = "API-Gateway-Execution-Logs_"

// names wants every physical name to tell the project and the stack, so that two stacks' names
// differ whatever the resources.
func names(g *graph.Graph) report {
	var p report
	prefix := g.Project + "-" + g.Stack + "-"
	for i := range g.Resources {
		r := &g.Resources[i]
		name := physicalName(r)
		if name == "" || name == graph.Unknown {
			continue
		}
		if r.Type == types.DomainName || r.Type == types.Zone {
			if !strings.HasPrefix(name, g.Stack+".") {
				p.add(r, "let it start with the stack's name", "is called %s: another stack may want the same", name)
			}
			continue
		}
		if !tells(name, prefix) && !strings.HasPrefix(name, executionLogs) {
			p.add(r, "let it start with "+prefix+", or leave it to auto-naming", "is called %s: another stack may want the same", name)
		}
	}
	return p
}

// physicalName is what AWS calls the resource in the account and region; "" where it has no such name.
func physicalName(r *graph.Resource) string {
	row := types.Of(r.Type)
	if !r.Custom || !strings.HasPrefix(r.Type, "aws:") || row.Name.Within != "" {
		return ""
	}
	property := cmp.Or(row.Name.Property, "name")
	if name := r.Text(property); name != "" {
		return name
	}
	// Names that the provider makes up from a prefix.
	return r.Text(property + "Prefix")
}

// tells says whether the name starts with the prefix, behind the folders that some services want.
func tells(name, prefix string) bool {
	return slices.ContainsFunc(strings.Split(strings.TrimPrefix(name, "aws-waf-logs-"), "/"), func(part string) bool {
		return strings.HasPrefix(part, prefix)
	})
}

// collisions are the physical names that two stacks both have.
func collisions(g, other *graph.Graph) []Finding {
	taken := map[string]string{}
	for i := range other.Resources {
		r := &other.Resources[i]
		if name := physicalName(r); name != "" {
			taken[r.Type+" "+name] = r.Name
		}
	}
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		if theirs, ok := taken[r.Type+" "+physicalName(r)]; ok {
			p.add(r, "let the name tell the stack", "is called %s, as is %s of the stack %s", physicalName(r), theirs, other.Stack)
		}
	}
	return inOrder("names", slices.Clip(p.findings))
}
