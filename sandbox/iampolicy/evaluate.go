package iampolicy

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// Resource is the resource of a request: its ARN, and the request's condition keys in lower case.
type Resource struct {
	ARN  string
	Keys map[string][]string
}

// Set holds the policies of a principal and its permissions boundary.
type Set struct {
	Identity, Boundary []Statement
	Bounded            bool // the principal has a boundary
	// Session has the policies of the session, where it was created with some.
	Session [][]Statement
}

// Decision is the outcome of a policy evaluation.
type Decision int

// The decisions: without a statement that applies, access is denied implicitly.
const (
	ImplicitDeny Decision = iota
	Allow
	ExplicitDeny
)

// Allows reports whether the policies allow the request.
func (s Set) Allows(action string, on Resource) bool { return s.Decide(action, on) == Allow }

// Decide applies IAM's evaluation logic: no statement denies the request, and the policies, the boundary and the
// session's policies all allow it.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func (s Set) Decide(action string, on Resource) Decision {
	all := [][]Statement{s.Identity}
	if s.Bounded {
		all = append(all, s.Boundary)
	}
	all = append(all, s.Session...)
	for _, statements := range all {
		if find(statements, "Deny", action, on) != nil {
			return ExplicitDeny
		}
	}
	for _, statements := range all {
		if find(statements, "Allow", action, on) == nil {
			return ImplicitDeny
		}
	}
	return Allow
}

// Caller is an AWS service that makes a request: its principal, and the request's condition keys in lower case.
type Caller struct {
	Service string
	Keys    map[string][]string
	// Everyone makes statements for the principal "*" apply too. AWS does not document whether "*" in a trust
	// policy includes services, so it is not set for trust policies.
	Everyone bool
}

// Allows reports whether a resource policy or a trust policy allows the caller the action. denial is the statement
// that denies it, or nil when no statement allows it.
func (c Caller) Allows(policy []Statement, action, resource string) (allowed bool, denial *Statement) {
	var applicable []Statement
	for _, s := range policy {
		if !slices.Contains(s.Principal.Services, c.Service) && (!c.Everyone || !s.Principal.Everyone) {
			continue
		}
		if len(s.Resource) == 0 && len(s.NotResource) == 0 {
			s.Resource = Values{"*"} // a trust policy has no Resource
		}
		applicable = append(applicable, s)
	}
	on := Resource{resource, c.Keys}
	if denial = find(applicable, "Deny", action, on); denial != nil {
		return false, denial
	}
	return find(applicable, "Allow", action, on) != nil, nil
}

// find returns the first statement with the effect that applies to the action on the resource, or nil.
func find(statements []Statement, effect, action string, on Resource) *Statement {
	i := slices.IndexFunc(statements, func(s Statement) bool { return s.Effect == effect && s.applies(action, on) })
	if i < 0 {
		return nil
	}
	return &statements[i]
}

func (s Statement) applies(action string, on Resource) bool {
	action = strings.ToLower(action)
	matchAction := func(pattern string) bool { return wildcard.Match(strings.ToLower(pattern), action) }
	matchResource := func(pattern string) bool { return wildcard.Match(pattern, on.ARN) }
	return included(s.Action, s.NotAction, matchAction) && included(s.Resource, s.NotResource, matchResource) && s.conditionsMet(on.Keys)
}

// included reports whether one of the patterns matches or, for NotAction and NotResource, whether no exception does.
func included(patterns, exceptions Values, match func(pattern string) bool) bool {
	if len(exceptions) > 0 {
		return !slices.ContainsFunc(exceptions, match)
	}
	return slices.ContainsFunc(patterns, match)
}

// conditionsMet reports whether every condition is met. An unsupported operator counts against the caller: it is
// met in a Deny statement only.
func (s Statement) conditionsMet(keys map[string][]string) bool {
	for operator, conditions := range s.Condition {
		for key, values := range conditions {
			met, supported := compare(operator, values, keys[strings.ToLower(key)])
			if !supported {
				met = s.Effect == "Deny"
			}
			if !met {
				return false
			}
		}
	}
	return true
}

// comparisons compare one value of the policy with one of the request, by condition operator; compare negates the
// result for operators with Not. ArnEquals is the same as ArnLike, and ArnNotEquals the same as ArnNotLike.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
var comparisons = map[string]func(pattern, value string) bool{
	"StringEquals": equal, "StringNotEquals": equal, "Bool": equal,
	"StringEqualsIgnoreCase": strings.EqualFold, "StringNotEqualsIgnoreCase": strings.EqualFold,
	"StringLike": wildcard.Match, "StringNotLike": wildcard.Match,
	"ArnEquals": matchARN, "ArnLike": matchARN, "ArnNotEquals": matchARN, "ArnNotLike": matchARN,
	"IpAddress": inRange, "NotIpAddress": inRange,
}

func equal(pattern, value string) bool { return pattern == value }

// compare applies an operator to the values of a condition key, which are none when the request lacks the key.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
func compare(operator string, patterns, values []string) (met, supported bool) {
	if operator == "Null" {
		return slices.Contains(patterns, "true") == (len(values) == 0), true
	}
	name, all := strings.CutPrefix(operator, "ForAllValues:")
	name, any := strings.CutPrefix(name, "ForAnyValue:")
	match, supported := comparisons[name]
	if !supported {
		return false, false
	}
	negated := strings.Contains(name, "Not")
	meets := func(value string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return match(pattern, value) }) != negated
	}
	if all || negated && !any {
		return !slices.ContainsFunc(values, func(value string) bool { return !meets(value) }), true
	}
	return slices.ContainsFunc(values, meets), true
}
