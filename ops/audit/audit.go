// Package audit checks the rules that hold for a stack as a whole, on the graph of its resources:
// what no room can see alone. It says what breaks a rule and what to do about it.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// Finding is one place where a rule does not hold.
type Finding struct {
	// Rule is the rule's name, Resource the resource's type and name.
	Rule, Resource string
	// What is wrong, and what to do about it.
	What, Do string
}

// rules are checked in this order.
var rules = []struct {
	name  string
	check func(*graph.Graph) []Finding
}{
	{"tags", tags},
}

// Check are the findings of every rule.
func Check(g *graph.Graph) []Finding {
	var all []Finding
	for _, rule := range rules {
		found := rule.check(g)
		for i := range found {
			found[i].Rule = rule.name
		}
		slices.SortFunc(found, func(a, b Finding) int {
			return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.What, b.What))
		})
		all = append(all, found...)
	}
	return all
}

// finding is one about a resource; Check names the rule.
func finding(r *graph.Resource, what, do string) Finding {
	return Finding{Resource: r.Type + " " + r.Name, What: what, Do: do}
}

// Run is the command.
func Run(_ context.Context, io command.IO, args []string) error {
	var source graph.Source
	flags := command.Flags("audit")
	source.Register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	g, err := source.Read(io.Stdin)
	if err != nil {
		return err
	}
	found := Check(g)
	for _, f := range found {
		_, _ = fmt.Fprintf(io.Stdout, "%s: %s\n  %s\n  to do: %s\n", f.Rule, f.Resource, f.What, f.Do)
	}
	_, _ = fmt.Fprintf(io.Stderr, "%s %s: %d resources, %d rules, %d findings\n", g.Project, g.Stack, len(g.Resources), len(rules), len(found))
	if len(found) > 0 {
		return command.ErrNo
	}
	return nil
}
