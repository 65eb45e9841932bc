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
	named := []string{arn, PrincipalARN(arn), parts[4], "arn:aws:iam::" + parts[4] + ":root"}
	return slices.ContainsFunc(p.AWS, func(name string) bool { return slices.Contains(named, name) })
}

// PrincipalARN is the value of aws:PrincipalArn: for a session, the ARN of its role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
func PrincipalARN(arn string) string {
	before, session, ok := strings.Cut(arn, ":assumed-role/")
	if !ok {
		return arn
	}
	role, _, _ := strings.Cut(session, "/")
	return strings.Replace(before, ":sts:", ":iam:", 1) + ":role/" + role
}
