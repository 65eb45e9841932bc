package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// useRule is the name of the rule that grants are held against what was done.
const useRule = "use"

// call is an authorization that somebody asked for: a line of the record.
type call struct {
	Principal string `json:"principal"` // ARN of a user or of a role's session
	Action    string `json:"action"`    // service:Action
	Resource  string `json:"resource"`  // ARN, or "*"
	Allowed   bool   `json:"allowed"`
}

// readCalls reads a record, one JSON object a line.
func readCalls(r io.Reader) ([]call, error) {
	var calls []call
	for in := json.NewDecoder(r); ; {
		var c call
		switch err := in.Decode(&c); {
		case errors.Is(err, io.EOF):
			return calls, nil
		case err != nil:
			return nil, fmt.Errorf("record of calls, entry %d: %w", len(calls)+1, err)
		case c.Principal == "" || c.Action == "" || c.Resource == "":
			return nil, fmt.Errorf("record of calls, entry %d: want principal, action and resource", len(calls)+1)
		}
		calls = append(calls, c)
	}
}

// who is the name of the user or the role that made the call.
func (c call) who() string {
	_, path, _ := strings.Cut(c.Principal, "/")
	if strings.Contains(c.Principal, ":assumed-role/") {
		path, _, _ = strings.Cut(path, "/")
	}
	return path
}

// grant is a part of a statement that can be taken away: an action or a resource.
type grant struct{ policy, sid, kind, what string }

// ledger says of each grant whether somebody used it. Stacks of one program share a line: what one
// of them never does the other may.
type ledger struct {
	used  map[grant]bool
	place map[grant]*graph.Resource
}

// use wants every action and every resource that the stacks' users and roles are granted to have
// been used by one of them.
func use(stacks []*graph.Graph, calls []call) report {
	book := ledger{map[grant]bool{}, map[grant]*graph.Resource{}}
	var p report
	by := map[string][]call{}
	for _, c := range calls {
		if c.Allowed {
			by[c.who()] = append(by[c.who()], c)
		} else {
			p.fact("%s was refused %s on %s", c.who(), c.Action, c.Resource)
		}
	}
	for _, g := range stacks {
		for _, owner := range slices.Concat(g.ByType(roleType), g.ByType("aws:iam/user:User")) {
			for _, policy := range policiesOf(g, owner) {
				book.enter(g, policy, by[owner.ID])
			}
			p.fact("%s did %d things", owner.Name, len(by[owner.ID]))
		}
	}
	book.judge(&p)
	return p
}

// policiesOf are the policies that grant something to the user or the role.
func policiesOf(g *graph.Graph, owner *graph.Resource) []*graph.Resource {
	var found []*graph.Resource
	for i := range g.Resources {
		r := &g.Resources[i]
		switch r.Type {
		case "aws:iam/rolePolicy:RolePolicy", "aws:iam/userPolicy:UserPolicy":
			if r.Text("role") == owner.ID || r.Text("user") == owner.ID {
				found = append(found, r)
			}
		case attachmentType:
			if r.Text("role") == owner.ID {
				found = append(found, g.RefsTo(r, "policyArn", policyType)...)
			}
		}
	}
	return found
}

// enter writes down what the policy grants and which of it the calls used.
func (l ledger) enter(g *graph.Graph, policy *graph.Resource, calls []call) {
	prefix := g.Project + "-" + g.Stack + "-"
	anyStack := strings.NewReplacer(prefix, g.Project+"-{stack}-", "/"+g.Stack, "/{stack}")
	statements, _ := parseDocument(policy.Value("policy"))
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		mark := func(kind, what string, done bool) {
			key := grant{anyStack.Replace(policy.Name), s.Sid, kind, anyStack.Replace(what)}
			l.used[key] = l.used[key] || done
			l.place[key] = policy
		}
		for _, action := range s.Action {
			mark("action", action, done(calls, []string{action}, s.Resource))
		}
		for _, resource := range s.Resource {
			mark("resource", resource, done(calls, s.Action, []string{resource}))
		}
	}
}

// done says whether one of the calls is covered by the actions and the resources.
func done(calls []call, actions, resources []string) bool {
	return slices.ContainsFunc(calls, func(c call) bool {
		return slices.ContainsFunc(actions, func(a string) bool { return covers(strings.ToLower(a), strings.ToLower(c.Action)) }) &&
			slices.ContainsFunc(resources, func(r string) bool { return covers(r, c.Resource) })
	})
}

// covers matches as IAM does: * is any text, ? any one character.
func covers(pattern, value string) bool {
	quoted := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("(?s)^" + quoted + "$").MatchString(value)
}

// judge finds the grants that nobody used, a statement's actions in one finding.
func (l ledger) judge(p *report) {
	unused := map[grant][]string{}
	for key, used := range l.used {
		if !used {
			whole := grant{policy: key.policy, sid: key.sid, kind: key.kind}
			unused[whole] = append(unused[whole], key.what)
			l.place[whole] = l.place[key]
		}
	}
	for key, what := range unused {
		slices.Sort(what)
		p.add(l.place[key], "take it away, or write into accepted.yaml where it is needed all the same",
			"grants the %s %s by the statement %q, which nobody used", key.kind, strings.Join(what, ", "), key.sid)
	}
}
