package audit

import (
	_ "embed"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// unscopedText lists the actions that support no resource but "*"; the file names its source.
//
//go:embed unscoped.txt
var unscopedText string

// unscoped are those actions, as service:Action.
var unscoped = parseUnscoped(unscopedText)

func parseUnscoped(text string) map[string]bool {
	actions := map[string]bool{}
	service := ""
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if name, rest, ok := strings.Cut(line, ": "); ok {
			service, line = name, rest
		}
		for _, action := range strings.Fields(line) {
			actions[service+":"+action] = true
		}
	}
	return actions
}

// permissions requires every grant to name its actions, and its resources wherever the action supports them; every
// role to name who may assume it; and no policy that AWS writes.
func permissions(g *graph.Graph) report {
	var p report
	limits := boundaries(g)
	for i := range g.Resources {
		r := &g.Resources[i]
		switch r.Type {
		case types.Policy:
			if limits[r.URN] && !isAttached(g, r) {
				p.fact("%s is a boundary: it grants nothing", r.Name)
				continue
			}
			grants(&p, r, "policy")
		case types.RolePolicy, types.UserPolicy, "aws:iam/groupPolicy:GroupPolicy":
			grants(&p, r, "policy")
		case types.Role:
			trust(&p, r)
			foreign(&p, r, r.Texts("managedPolicyArns"))
		case types.RolePolicyAttachment, "aws:iam/userPolicyAttachment:UserPolicyAttachment":
			foreign(&p, r, r.Texts("policyArn"))
		}
		if property := types.Of(r.Type).Policy; property != "" {
			statements, _ := parseDocument(r.Value(property))
			wildActions(&p, r, statements)
		}
	}
	return p
}

// boundaries are the URNs of the policies that bound a role or a user.
func boundaries(g *graph.Graph) map[string]bool {
	urns := map[string]bool{}
	for i := range g.Resources {
		for _, policy := range g.RefsTo(&g.Resources[i], "permissionsBoundary", types.Policy) {
			urns[policy.URN] = true
		}
	}
	return urns
}

func isAttached(g *graph.Graph, policy *graph.Resource) bool {
	return slices.ContainsFunc(g.ByType(types.RolePolicyAttachment), func(r *graph.Resource) bool {
		return slices.Contains(g.RefsTo(r, "policyArn", types.Policy), policy)
	})
}

// grants judges an identity-based policy.
func grants(p *report, r *graph.Resource, property string) {
	statements, known := parseDocument(r.Value(property))
	if !known {
		p.fact("%s is not known before the update: audit the state after it", r.Name)
		return
	}
	if len(statements) == 0 {
		p.add(r, "write it as a policy document", "has no statement that the audit can read")
	}
	wildActions(p, r, statements)
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		if len(s.NotResource) > 0 {
			p.add(r, "name the resources", "grants everything but %v by the statement %q", []string(s.NotResource), s.Sid)
		}
		if narrow := narrowable(s); len(narrow) > 0 {
			p.add(r, "name the resources: these actions support them", "grants %s on every resource by the statement %q", strings.Join(narrow, ", "), s.Sid)
		}
		if useless := withoutEffect(s); len(useless) > 0 {
			p.add(r, `grant them on "*", in a statement of their own`, "grants %s by the statement %q without effect: they support no resource but \"*\"", strings.Join(useless, ", "), s.Sid)
		}
	}
}

// narrowable are the actions that the statement grants on every resource although they support
// resource-level permissions.
func narrowable(s statement) []string {
	var found []string
	for _, action := range s.Action {
		if slices.Contains(s.Resource, "*") && !unscoped[action] && !strings.Contains(action, "*") {
			found = append(found, action)
		}
	}
	return found
}

// withoutEffect are the actions that the statement grants on named resources although they support none.
func withoutEffect(s statement) []string {
	var found []string
	for _, action := range s.Action {
		if !slices.Contains(s.Resource, "*") && len(s.Resource) > 0 && unscoped[action] {
			found = append(found, action)
		}
	}
	return found
}

func wildActions(p *report, r *graph.Resource, statements []statement) {
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		if len(s.NotAction) > 0 {
			p.add(r, "name the actions", "grants everything but %v by the statement %q", []string(s.NotAction), s.Sid)
		}
		wild := slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return !strings.Contains(action, "*") })
		if len(wild) > 0 {
			p.add(r, "name the actions", "grants %s by the statement %q", strings.Join(wild, ", "), s.Sid)
		}
	}
}

// trust judges who may assume a role.
func trust(p *report, r *graph.Resource) {
	statements, _ := parseDocument(r.Value("assumeRolePolicy"))
	for _, s := range statements {
		if s.Effect != "Allow" {
			continue
		}
		if s.everyone() && !s.limited() {
			p.add(r, "name who may assume the role", "can be assumed by everyone")
		}
		principal, _ := s.Principal.(map[string]any)
		if _, ok := principal["Federated"]; ok && (!bound(s, ":aud") || !bound(s, ":sub")) {
			p.add(r, "require an audience, and a subject that is more than a wildcard", "can be assumed with every token of the identity provider")
		}
	}
}

// bound reports whether a condition requires a value of the token's claim that is more than a wildcard.
func bound(s statement, claim string) bool {
	for operator, keys := range s.Condition {
		object, _ := keys.(map[string]any)
		for key, value := range object {
			if strings.HasSuffix(key, claim) && value != "*" && (operator == "StringEquals" || operator == "StringLike") {
				return true
			}
		}
	}
	return false
}

// foreign reports policies that AWS manages: their changes pass no review here.
func foreign(p *report, r *graph.Resource, arns []string) {
	for _, arn := range arns {
		if strings.Contains(arn, ":iam::aws:policy/") {
			p.add(r, "write the policy here", "grants %s, which AWS writes and changes", arn)
		}
	}
}
