package gateway

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// policySet is what decides about a role: its policies and, where it has one, its boundary.
type policySet struct {
	identity, limit []policyStatement
	bounded         bool
}

// policyStatement is one statement of a policy document. NotAction, NotResource and NotPrincipal are
// not read: a statement with them allows nothing here.
type policyStatement struct {
	Effect    string
	Action    oneOrMore
	Resource  oneOrMore
	Condition map[string]map[string]oneOrMore
}

// oneOrMore is a list that may be written as its only element.
type oneOrMore []string

func (o *oneOrMore) UnmarshalJSON(text []byte) error {
	var one string
	if json.Unmarshal(text, &one) == nil {
		*o = oneOrMore{one}
		return nil
	}
	return json.Unmarshal(text, (*[]string)(o))
}

// allow decides as IAM does: no denial, and a grant by the policies and by the boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (p policySet) allow(action string, on named) bool {
	if holds(p.identity, "Deny", action, on) || holds(p.limit, "Deny", action, on) {
		return false
	}
	return holds(p.identity, "Allow", action, on) && (!p.bounded || holds(p.limit, "Allow", action, on))
}

// holds says whether a statement with that effect is about the action on the resource.
func holds(statements []policyStatement, effect, action string, on named) bool {
	return slices.ContainsFunc(statements, func(s policyStatement) bool {
		return s.Effect == effect &&
			slices.ContainsFunc(s.Action, func(a string) bool { return wild(strings.ToLower(a), strings.ToLower(action)) }) &&
			slices.ContainsFunc(s.Resource, func(r string) bool { return wild(r, on.arn) }) &&
			s.meets(on.keys)
	})
}

// meets says whether every condition holds. An operator that is not known counts against the caller.
func (s policyStatement) meets(keys map[string][]string) bool {
	for operator, conditions := range s.Condition {
		for key, wanted := range conditions {
			got := keys[strings.ToLower(key)]
			same := func(match func(want, got string) bool) bool {
				return slices.ContainsFunc(got, func(g string) bool {
					return slices.ContainsFunc(wanted, func(w string) bool { return match(w, g) })
				})
			}
			var met bool
			switch operator {
			case "StringEquals", "ArnEquals", "Bool":
				met = same(func(w, g string) bool { return w == g })
			case "StringLike", "ArnLike":
				met = same(wild)
			case "StringNotEquals":
				met = !same(func(w, g string) bool { return w == g })
			case "Null":
				met = slices.Contains(wanted, "true") == (len(got) == 0)
			default:
				met = s.Effect == "Deny"
			}
			if !met {
				return false
			}
		}
	}
	return true
}

// wild matches a pattern with * and ?.
func wild(pattern, text string) bool {
	quoted := regexp.QuoteMeta(pattern)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, ".*"), `\?`, ".")
	return regexp.MustCompile("(?s)^" + quoted + "$").MatchString(text)
}
