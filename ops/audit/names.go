package audit

import (
	"cmp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// executionLogs begins the log groups that API Gateway names after an API's id.
const executionLogs = "API-Gateway-Execution-Logs_"

// names requires every physical name to contain the project and the stack, so that the names of two stacks
// differ.
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
				p.add(r, "let it begin with the stack's name", "is called %s: another stack can have the same name", name)
			}
			continue
		}
		if !hasPrefix(name, prefix) && !strings.HasPrefix(name, executionLogs) {
			p.add(r, "let it begin with "+prefix+", or leave it to auto-naming", "is called %s: another stack can have the same name", name)
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
	// Names that the provider generates from a prefix.
	return r.Text(property + "Prefix")
}

// hasPrefix reports whether the name begins with the prefix, after the path that some services require.
func hasPrefix(name, prefix string) bool {
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
			p.add(r, "put the stack into the name", "is called %s, as is %s of the stack %s", physicalName(r), theirs, other.Stack)
		}
	}
	return inOrder("names", slices.Clip(p.findings))
}
