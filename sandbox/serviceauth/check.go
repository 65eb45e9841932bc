package serviceauth

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/didomi/serverless-api/internal/wildcard"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Check returns the errors in the policies, one finding a line.
func (r Reference) Check(policies []Policy) []string {
	var found []string
	for _, p := range policies {
		for _, s := range p.Statements {
			for _, problem := range r.statement(s) {
				found = append(found, fmt.Sprintf("%s, statement %q: %s", p.Name, s.Sid, problem))
			}
		}
	}
	found = append(found, r.dependencies(policies)...)
	sort.Strings(found)
	return slices.Compact(found)
}

func (r Reference) statement(s iampolicy.Statement) []string {
	var found, actions []string
	for _, pattern := range slices.Concat(s.Action, s.NotAction) {
		named := r.actions(pattern)
		if len(named) == 0 && pattern != "*" && (s.Effect != "Deny" || !slices.Contains(newActions, pattern)) {
			found = append(found, fmt.Sprintf("there is no action %s", pattern))
		}
		actions = append(actions, named...)
	}
	if len(s.Resource) > 0 && len(s.NotAction) == 0 && !slices.Contains(s.Action, "*") {
		found = append(found, r.resources(s, actions)...)
	}
	if len(s.Resource) > 0 && len(s.Action) > 0 { // keys of a trust policy are the identity provider's
		found = append(found, r.conditions(s, actions)...)
	}
	return found
}

// resources finds actions without a resource of their types, and resources that no action supports. Of actions
// that a wildcard matches, one must support the resource.
func (r Reference) resources(s iampolicy.Statement, actions []string) []string {
	if slices.Contains(s.Resource, "*") {
		return nil
	}
	var found []string
	taken := map[string]bool{}
	for _, action := range actions {
		served := false
		for _, pattern := range s.Resource {
			if len(r.kinds(action, pattern)) > 0 {
				served, taken[pattern] = true, true
			}
		}
		if !served && slices.Contains(s.Action, action) {
			found = append(found, fmt.Sprintf("%s takes none of %s", action, strings.Join(s.Resource, ", ")))
		}
	}
	for _, pattern := range s.Resource {
		if !taken[pattern] {
			found = append(found, "no action takes "+pattern)
		}
	}
	return found
}

// kinds are the resource types of the action that the pattern can match.
func (r Reference) kinds(action, pattern string) []string {
	var kinds []string
	for kind := range r.targets(action) {
		if kind != "" && reachable(pattern, r.arn(action, kind)) {
			kinds = append(kinds, kind)
		}
	}
	arns, _ := lacking.of(action)
	for _, arn := range arns {
		if reachable(pattern, arn) {
			kinds = append(kinds, arn)
		}
	}
	return kinds
}

// conditions finds keys that AWS never sets when it authorizes the action.
func (r Reference) conditions(s iampolicy.Statement, actions []string) []string {
	var found []string
	for _, keys := range s.Condition {
		for key := range keys {
			for _, action := range actions {
				if slices.Contains(s.Action, action) && !global(key) && !r.sets(action, key, s.Resource) {
					found = append(found, fmt.Sprintf("%s knows no condition key %s", action, key))
				}
			}
		}
	}
	return found
}

// sets reports whether a request for the action can have the key.
func (r Reference) sets(action, key string, resources []string) bool {
	is := func(known string) bool { return sameKey(known, key) }
	prefix, _, _ := strings.Cut(action, ":")
	for kind, t := range r.targets(action) {
		if slices.ContainsFunc(t.ConditionKeys, is) {
			return true
		}
		for _, pattern := range resources {
			if kind != "" && reachable(pattern, r.arn(action, kind)) && slices.ContainsFunc(r[prefix].Resources[kind].ConditionKeys, is) {
				return true
			}
		}
	}
	_, more := lacking.of(action)
	return slices.ContainsFunc(more, is)
}

// sameKey compares a key with one of the reference, which may end with a placeholder.
func sameKey(known, key string) bool {
	fixed, _, open := strings.Cut(strings.ToLower(known), "${")
	if open {
		return strings.HasPrefix(strings.ToLower(key), fixed)
	}
	return fixed == strings.ToLower(key)
}

// global reports whether AWS sets the key for every action. Keys of tags depend on the action.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
func global(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "aws:") && !strings.HasPrefix(key, "aws:requesttag/") &&
		!strings.HasPrefix(key, "aws:resourcetag/") && key != "aws:tagkeys"
}

// dependencies finds actions that a granted one depends on and that the same user or role is not granted, and resource
// types that an action requires and its grants do not cover.
func (r Reference) dependencies(policies []Policy) []string {
	grants := map[string][]iampolicy.Statement{}
	for _, p := range policies {
		for _, owner := range p.Owners {
			grants[owner] = append(grants[owner], slices.DeleteFunc(slices.Clone(p.Statements), func(s iampolicy.Statement) bool { return s.Effect != "Allow" })...)
		}
	}
	var found []string
	for owner, statements := range grants {
		for _, s := range statements {
			for _, action := range s.Action {
				found = append(found, r.missing(owner, action, statements)...)
			}
		}
	}
	return found
}

func (r Reference) missing(owner, action string, statements []iampolicy.Statement) []string {
	var found []string
	reached := map[string]bool{}
	granted := func(wanted string) bool {
		return slices.ContainsFunc(statements, func(s iampolicy.Statement) bool {
			return slices.ContainsFunc(s.Action, func(pattern string) bool { return wildcard.Match(pattern, wanted) })
		})
	}
	for _, s := range statements {
		if !slices.Contains(s.Action, action) {
			continue
		}
		for _, pattern := range s.Resource {
			for _, kind := range r.kinds(action, pattern) {
				reached[kind] = true
			}
		}
	}
	for kind, t := range r.targets(action) {
		for _, dependent := range t.DependentActions {
			if !granted(dependent) && !notNeeded.has(action, dependent) {
				found = append(found, fmt.Sprintf("%s is granted %s without %s", owner, action, dependent))
			}
		}
		if t.Required && kind != "" && !reached[kind] && !notNeeded.has(action, kind) {
			found = append(found, fmt.Sprintf("%s is granted %s on no %s", owner, action, r.arn(action, kind)))
		}
	}
	return found
}
