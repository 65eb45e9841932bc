package iampolicy

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// Resource is what an action is asked for on: an ARN, with the condition keys that hold for it, in lower case.
type Resource struct {
	ARN  string
	Keys map[string][]string
}

// Set is what decides about a role: its policies and, where it has one, its permissions boundary.
type Set struct {
	Identity, Boundary []Statement
	Bounded            bool
}

// Allows decides as IAM does: no denial, and a grant by the policies and by the boundary.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (s Set) Allows(action string, on Resource) bool {
	if find(s.Identity, "Deny", action, on) != nil || find(s.Boundary, "Deny", action, on) != nil {
		return false
	}
	return find(s.Identity, "Allow", action, on) != nil && (!s.Bounded || find(s.Boundary, "Allow", action, on) != nil)
}

// Caller is an AWS service that acts: its principal, and the condition keys that it sends, in lower case.
type Caller struct {
	Service string
	Keys    map[string][]string
	// Everyone has a statement for everybody count too. What AWS does with "*" in a trust policy where a service
	// asks is not documented, so there it is not set.
	Everyone bool
}

// Allows says whether a resource's policy, or a role's trust policy, lets the caller take the action. If it
// does not, denial is the statement that forbids it; nil: no statement allows it.
func (c Caller) Allows(policy []Statement, action, resource string) (allowed bool, denial *Statement) {
	var about []Statement
	for _, s := range policy {
		named := slices.Contains(s.Principal.Services, c.Service) || c.Everyone && s.Principal.Everyone
		if !named {
			continue
		}
		if len(s.Resource) == 0 && len(s.NotResource) == 0 {
			s.Resource = Values{"*"} // a trust policy has no Resource
		}
		about = append(about, s)
	}
	on := Resource{resource, c.Keys}
	if denial = find(about, "Deny", action, on); denial != nil {
		return false, denial
	}
	return find(about, "Allow", action, on) != nil, nil
}

// find is the first statement with that effect that applies to the action on the resource; nil: there is none.
func find(statements []Statement, effect, action string, on Resource) *Statement {
	i := slices.IndexFunc(statements, func(s Statement) bool { return s.Effect == effect && s.applies(action, on) })
	if i < 0 {
		return nil
	}
	return &statements[i]
}

func (s Statement) applies(action string, on Resource) bool {
	action = strings.ToLower(action)
	named := func(pattern string) bool { return wildcard.Match(strings.ToLower(pattern), action) }
	covered := func(pattern string) bool { return wildcard.Match(pattern, on.ARN) }
	return included(s.Action, s.NotAction, named) && included(s.Resource, s.NotResource, covered) && s.conditionsHold(on.Keys)
}

// included says whether one of the patterns matches; where only exceptions are given, whether none does.
func included(patterns, exceptions Values, match func(pattern string) bool) bool {
	if len(exceptions) > 0 {
		return !slices.ContainsFunc(exceptions, match)
	}
	return slices.ContainsFunc(patterns, match)
}

// conditionsHold says whether every condition holds. One with an operator that is not known here counts against
// the caller: it holds in a denial only.
func (s Statement) conditionsHold(keys map[string][]string) bool {
	for operator, conditions := range s.Condition {
		for key, wanted := range conditions {
			holds, known := compare(operator, wanted, keys[strings.ToLower(key)])
			if !known {
				holds = s.Effect == "Deny"
			}
			if !holds {
				return false
			}
		}
	}
	return true
}

// comparisons are the operators that compare one value with one of the policy's.
var comparisons = map[string]func(wanted, got string) bool{
	"StringEquals": equal, "ArnEquals": matchARN, "Bool": equal, "StringLike": wildcard.Match, "ArnLike": matchARN,
	"StringNotEquals": equal, "StringNotLike": wildcard.Match, "ArnNotLike": matchARN,
	"StringEqualsIgnoreCase": strings.EqualFold, "StringNotEqualsIgnoreCase": strings.EqualFold,
}

func equal(wanted, got string) bool { return wanted == got }

// compare applies an operator to the values of a key in the call; none: the key is not there.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func compare(operator string, wanted, got []string) (holds, known bool) {
	if operator == "Null" {
		return slices.Contains(wanted, "true") == (len(got) == 0), true
	}
	name, all := strings.CutPrefix(operator, "ForAllValues:")
	name, any := strings.CutPrefix(name, "ForAnyValue:")
	match, known := comparisons[name]
	if !known {
		return false, false
	}
	negated := strings.Contains(name, "Not")
	meets := func(value string) bool {
		return slices.ContainsFunc(wanted, func(w string) bool { return match(w, value) }) != negated
	}
	if all || negated && !any {
		return !slices.ContainsFunc(got, func(value string) bool { return !meets(value) }), true
	}
	return slices.ContainsFunc(got, meets), true
}
