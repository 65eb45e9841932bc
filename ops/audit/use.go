package audit

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// useRule is the name of the rule that compares grants with the calls that were made.
const useRule = "use"

// call is an authorization decision: a line of the record.
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
			return nil, fmt.Errorf("record of calls, entry %d: needs principal, action and resource", len(calls)+1)
		}
		calls = append(calls, c)
	}
}

// caller is the name of the user or the role that made the call.
func (c call) caller() string {
	_, path, _ := strings.Cut(c.Principal, "/")
	if strings.Contains(c.Principal, ":assumed-role/") {
		path, _, _ = strings.Cut(path, "/")
	}
	return path
}

// grant is an element of a statement that can be removed: an action or a resource.
type grant struct{ policy, sid, kind, what string }

// grantUse is how a grant was used.
type grantUse struct {
	owner, policy *graph.Resource
	// bound says that a condition of the statement names the stack.
	bound bool
	// actions and resources are those of the calls that used it.
	actions, resources map[string]bool
}

// grantUses are the grants of all stacks. Stacks of one program share an element: one stack may use what another
// never does.
type grantUses map[grant]*grantUse

// use requires every action and every resource that is granted to the stacks' users and roles to have been used
// by one of them, and no resource to be wider than its use.
func use(stacks []*graph.Graph, calls []call) report {
	uses := grantUses{}
	var p report
	by := map[string][]call{}
	for _, c := range calls {
		if c.Allowed {
			by[c.caller()] = append(by[c.caller()], c)
		} else {
			p.fact("%s was denied %s on %s", c.caller(), c.Action, c.Resource)
		}
	}
	for _, g := range stacks {
		for _, owner := range slices.Concat(g.ByType(types.Role), g.ByType(types.User)) {
			for _, policy := range policiesOf(g, owner) {
				uses.add(g, owner, policy, by[owner.ID])
			}
			p.fact("%s made %d calls", owner.Name, len(by[owner.ID]))
		}
	}
	uses.judge(&p, components(stacks))
	return p
}

// policiesOf are the policies that grant something to the user or the role.
func policiesOf(g *graph.Graph, owner *graph.Resource) []*graph.Resource {
	var found []*graph.Resource
	for i := range g.Resources {
		r := &g.Resources[i]
		switch r.Type {
		case types.RolePolicy, types.UserPolicy:
			if r.Text("role") == owner.ID || r.Text("user") == owner.ID {
				found = append(found, r)
			}
		case types.RolePolicyAttachment:
			if r.Text("role") == owner.ID {
				found = append(found, g.RefsTo(r, "policyArn", types.Policy)...)
			}
		}
	}
	return found
}

// Placeholders for the stack's name, and for ids that Pulumi, the provider or AWS generated, where stacks are
// compared.
const (
	anyStack = "{stack}"
	anyID    = "{id}"
)

// generatedID matches ids of keys, the provider's suffixes of names, and Pulumi's with those of secrets.
var generatedID = regexp.MustCompile(`([-/])(([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{7})(-[0-9A-Za-z]{6})?|\d{18}[0-9a-f]{8})\b`)

// common replaces in a name or an ARN what differs between stacks.
func common(g *graph.Graph, text string) string {
	names := strings.NewReplacer(g.Project+"-"+g.Stack+"-", g.Project+"-"+anyStack+"-", "/"+g.Stack, "/"+anyStack)
	return names.Replace(generatedID.ReplaceAllString(text, "${1}"+anyID))
}

// add records what the policy grants and which of it the calls used.
func (l grantUses) add(g *graph.Graph, owner, policy *graph.Resource, calls []call) {
	statements, _ := parseDocument(policy.Value("policy"))
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		mark := func(kind, what string, actions, resources []string) {
			key := grant{common(g, policy.Name), s.Sid, kind, common(g, what)}
			e := l[key]
			if e == nil {
				e = &grantUse{owner, policy, s.names(g.Stack), map[string]bool{}, map[string]bool{}}
				l[key] = e
			}
			for _, c := range calls {
				if c.within(actions, resources) {
					e.actions[c.Action], e.resources[common(g, c.Resource)] = true, true
				}
			}
		}
		for _, action := range s.Action {
			mark("action", action, []string{action}, s.Resource)
		}
		for _, resource := range s.Resource {
			mark("resource", resource, s.Action, []string{resource})
		}
	}
}

// names reports whether a condition of the statement names the stack.
func (s statement) names(stack string) bool {
	text, err := json.Marshal(s.Condition)
	return err == nil && regexp.MustCompile(`\b`+regexp.QuoteMeta(stack)+`\b`).Match(text)
}

// within reports whether the actions and the resources cover the call.
func (c call) within(actions, resources []string) bool {
	return slices.ContainsFunc(actions, func(a string) bool { return wildcard.Match(strings.ToLower(a), strings.ToLower(c.Action)) }) &&
		slices.ContainsFunc(resources, func(r string) bool { return wildcard.Match(r, c.Resource) })
}

// judge finds the grants that were never used, and the resources that are wider than their use.
func (l grantUses) judge(p *report, components []string) {
	for key, e := range l {
		how := "was never used"
		if len(e.actions) > 0 {
			if how = e.wider(key); how == "" {
				continue
			}
		}
		p.add(e.policy, "remove it or narrow it; or say in accepted.yaml why AWS requires it",
			"grants the %s %s, which %s, by the statement %q", key.kind, key.what, how, key.sid)
		found := &p.findings[len(p.findings)-1]
		found.usage, found.reason = &usage{e.owner.Name, key, how}, l.reason(key, e, components)
	}
}

// wider returns how a grant is wider than its use; "": it is not.
func (e *grantUse) wider(key grant) string {
	if key.kind != "resource" || !strings.Contains(strings.ReplaceAll(key.what, wildcard.LiteralAsterisk, ""), "*") || e.bound {
		return ""
	}
	if !strings.Contains(key.what, anyStack) {
		if scoped := slices.DeleteFunc(slices.Sorted(maps.Keys(e.actions)), func(a string) bool { return unscoped[a] }); len(scoped) == 0 {
			return ""
		}
		return "reaches beyond the stack"
	}
	fixed, _, _ := strings.Cut(key.what, "*")
	if !strings.HasSuffix(fixed, "-") {
		return "" // names below a path are not the stack's
	}
	if shared := commonPrefix(slices.Sorted(maps.Keys(e.resources))); len(shared) > len(fixed) && strings.HasPrefix(shared, fixed) {
		return "was used no wider than " + shared + "*"
	}
	return ""
}

// commonPrefix is the common prefix of the ARNs, up to a hyphen, a slash or a colon and without generated ids.
func commonPrefix(arns []string) string {
	shared, _, _ := strings.Cut(arns[0], anyID)
	for _, arn := range arns[1:] {
		for !strings.HasPrefix(arn, shared) {
			shared = shared[:len(shared)-1]
		}
	}
	return shared[:strings.LastIndexAny(shared, "-/:")+1]
}
