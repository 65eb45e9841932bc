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

// policyStatement is one statement of an identity's policy document.
type policyStatement struct {
	Effect                string
	Principal             principal
	Action, NotAction     oneOrMore
	Resource, NotResource oneOrMore
	Condition             map[string]map[string]oneOrMore
}

// principal is who a resource's policy is about, as far as it names services.
type principal struct{ Service oneOrMore }

// UnmarshalJSON implements json.Unmarshaler: "*" names no service.
func (p *principal) UnmarshalJSON(text []byte) error {
	var everyone string
	if json.Unmarshal(text, &everyone) == nil {
		return nil
	}
	type plain principal
	return json.Unmarshal(text, (*plain)(p))
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
	action = strings.ToLower(action)
	names := func(pattern string) bool { return wild(strings.ToLower(pattern), action) }
	leads := func(pattern string) bool { return wild(pattern, on.arn) }
	return slices.ContainsFunc(statements, func(s policyStatement) bool {
		return s.Effect == effect && about(s.Action, s.NotAction, names) && about(s.Resource, s.NotResource, leads) &&
			s.meets(on.keys)
	})
}

// about says whether one of the patterns matches; where only exceptions are given, whether none does.
func about(patterns, exceptions oneOrMore, match func(pattern string) bool) bool {
	if len(exceptions) > 0 {
		return !slices.ContainsFunc(exceptions, match)
	}
	return slices.ContainsFunc(patterns, match)
}

// meets says whether every condition holds.
func (s policyStatement) meets(keys map[string][]string) bool {
	for operator, conditions := range s.Condition {
		for key, wanted := range conditions {
			met, known := compare(operator, wanted, keys[strings.ToLower(key)])
			if !known {
				met = s.Effect == "Deny" // against the caller
			}
			if !met {
				return false
			}
		}
	}
	return true
}

// matchers are the operators that compare one value with one of the policy's.
var matchers = map[string]func(wanted, got string) bool{
	"StringEquals": equal, "ArnEquals": wild, "Bool": equal, "StringLike": wild, "ArnLike": wild,
	"StringNotEquals": equal, "StringNotLike": wild, "ArnNotLike": wild,
	"StringEqualsIgnoreCase": strings.EqualFold, "StringNotEqualsIgnoreCase": strings.EqualFold,
}

// compare applies an operator to the values of a key in the call; none: the key is not there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func compare(operator string, wanted, got []string) (met, known bool) {
	if operator == "Null" {
		return slices.Contains(wanted, "true") == (len(got) == 0), true
	}
	name, everyone := strings.CutPrefix(operator, "ForAllValues:")
	name, anyone := strings.CutPrefix(name, "ForAnyValue:")
	match, known := matchers[name]
	if !known {
		return false, false
	}
	negated := strings.Contains(name, "Not")
	meets := func(value string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return match(w, value) }) != negated
	}
	if everyone || negated && !anyone {
		return !slices.ContainsFunc(got, func(value string) bool { return !meets(value) }), true
	}
	return slices.ContainsFunc(got, meets), true
}

func equal(wanted, got string) bool { return wanted == got }

// wildcards are * and ?, and ${*}, which is the character itself.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
var wildcards = strings.NewReplacer(`\$\{\*\}`, `\*`, `\*`, ".*", `\?`, ".")

// wild matches a pattern with wildcards.
func wild(pattern, text string) bool {
	return regexp.MustCompile("(?s)^" + wildcards.Replace(regexp.QuoteMeta(pattern)) + "$").MatchString(text)
}
