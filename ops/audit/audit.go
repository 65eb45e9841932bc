// Package audit checks rules that concern a stack as a whole and that no component can check alone, on the graph
// of its resources. It reports what breaks a rule and what to do about it, and on demand the facts that it judges
// by: which resource can connect to which, which key encrypts what, what is public.
package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
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
	// usage is the grant that a finding of the rule use is about. reason is why it stays, where a rule explains
	// that; else it takes an entry of accepted.yaml.
	usage  *usage
	reason string
}

// report is the result of a rule.
type report struct {
	findings []Finding
	// facts are what the rule judged by, one a line.
	facts []string
}

func (p *report) add(r *graph.Resource, do, what string, args ...any) {
	p.findings = append(p.findings, Finding{Resource: r.Type + " " + r.Name, What: fmt.Sprintf(what, args...), Do: do})
}

func (p *report) fact(line string, args ...any) {
	p.facts = append(p.facts, fmt.Sprintf(line, args...))
}

// rules are checked in this order.
var rules = []struct {
	name  string
	check func(*graph.Graph) report
}{
	{"reachability", reachability},
	{"encryption", encryption},
	{"exposure", exposure},
	{"iam", permissions},
	{"deputies", deputies},
	{"names", names},
	{"durability", durability},
	{"copies", copies},
	{"paging", paging},
	{"tags", tags},
	{"alarms", alarms},
	{"firewall", firewall},
	{"authentication", authentication},
}

// Check returns the findings of every rule, in the rules' order, and the facts by rule. What a preview deletes is
// left out.
func Check(g *graph.Graph) ([]Finding, map[string][]string) {
	left := &graph.Graph{Project: g.Project, Stack: g.Stack}
	for _, r := range g.Resources {
		if r.Op != "delete" {
			left.Resources = append(left.Resources, r)
		}
	}
	var all []Finding
	facts := map[string][]string{}
	for _, rule := range rules {
		p := rule.check(left)
		slices.Sort(p.facts)
		facts[rule.name] = slices.Compact(p.facts)
		all = append(all, inOrder(rule.name, p.findings)...)
	}
	return all, facts
}

func inOrder(rule string, found []Finding) []Finding {
	for i := range found {
		found[i].Rule = rule
	}
	slices.SortFunc(found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Resource, b.Resource), cmp.Compare(a.What, b.What))
	})
	return found
}

// Run is the command.
func Run(_ context.Context, io command.IO, args []string) error {
	var source graph.Source
	flags := command.Flags("audit")
	source.Register(flags)
	otherState := flags.String("other-state", "", "`file` with the state of another stack of the account and region, whose names must differ")
	record := flags.String("used", "", "`file` with the calls that were made, one JSON object a line; every granted action and resource must be among them")
	explain := flags.Bool("explain", false, "print the facts that the rules judge by")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	g, err := source.Read(io.Stdin)
	if err != nil {
		return err
	}
	found, facts, err := checkAll(g, *otherState, *record)
	if err != nil {
		return err
	}
	list, err := parseAccepted(acceptedText)
	if err != nil {
		return err
	}
	all := accept(list, g.Stack, found)
	if *explain {
		printFacts(io, facts)
	}
	if *record != "" {
		printUse(io.Stdout, all)
		// No entry can accept these findings, which are about the entries.
		all = append(all, accept(nil, g.Stack, stale(list, g.Stack, found))...)
	}
	open := slices.DeleteFunc(slices.Clone(all), func(f judged) bool { return f.reason != "" })
	for _, f := range open {
		_, _ = fmt.Fprintf(io.Stdout, "%s: %s\n  %s\n  to do: %s\n", f.Rule, f.Resource, f.What, f.Do)
	}
	_, _ = fmt.Fprintf(io.Stderr, "%s %s: %d resources, %d rules, %d findings, %d more accepted\n",
		g.Project, g.Stack, len(g.Resources), len(facts), len(open), len(all)-len(open))
	if len(open) > 0 {
		return command.ErrNo
	}
	return nil
}

// checkAll checks the graph, and compares it with the state of another stack and a record of calls where their
// files are given.
func checkAll(g *graph.Graph, otherState, record string) ([]Finding, map[string][]string, error) {
	found, facts := Check(g)
	stacks := []*graph.Graph{g}
	if otherState != "" {
		other, err := readState(otherState)
		if err != nil {
			return nil, nil, err
		}
		found = append(found, collisions(g, other)...)
		stacks = append(stacks, other)
	}
	if record != "" {
		calls, err := readRecord(record)
		if err != nil {
			return nil, nil, err
		}
		p := use(stacks, calls)
		slices.Sort(p.facts)
		found, facts[useRule] = append(found, inOrder(useRule, p.findings)...), p.facts
		p = endpointUse(stacks, calls)
		found, facts[endpointsRule] = append(found, inOrder(endpointsRule, p.findings)...), p.facts
	}
	return found, facts, nil
}

func readRecord(name string) ([]call, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	calls, err := readCalls(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return calls, nil
}

func printFacts(io command.IO, facts map[string][]string) {
	for _, rule := range slices.Sorted(maps.Keys(facts)) {
		for _, fact := range facts[rule] {
			_, _ = fmt.Fprintf(io.Stdout, "%s: %s\n", rule, fact)
		}
	}
}

func readState(name string) (*graph.Graph, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	g, err := graph.FromState(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}
