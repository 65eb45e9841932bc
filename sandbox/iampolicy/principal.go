package iampolicy

import (
	"slices"
	"strings"
)

// DecideFor evaluates a resource policy for a principal of the account that owns the resource. An empty ARN is an
// anonymous caller, to whom only statements for everyone apply.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func DecideFor(policy []Statement, arn, action string, on Resource) Decision {
	var applicable []Statement
	for _, s := range policy {
		if s.Principal.includes(arn) {
			applicable = append(applicable, s)
		}
	}
	switch {
	case find(applicable, "Deny", action, on) != nil:
		return ExplicitDeny
	case find(applicable, "Allow", action, on) != nil:
		return Allow
	}
	return ImplicitDeny
}

// includes reports whether a statement applies to the principal: everyone, its account, its role, or itself.
func (p Principal) includes(arn string) bool {
	if p.Everyone {
		return true
	}
	parts := strings.SplitN(arn, ":", 6)
	if len(parts) != 6 {
		return false
	}
	named := []string{arn, parts[4], "arn:aws:iam::" + parts[4] + ":root"}
	if role, session := strings.CutPrefix(parts[5], "assumed-role/"); session {
		role, _, _ = strings.Cut(role, "/")
		named = append(named, "arn:aws:iam::"+parts[4]+":role/"+role)
	}
	return slices.ContainsFunc(p.AWS, func(name string) bool { return slices.Contains(named, name) })
}
