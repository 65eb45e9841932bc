package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
)

// previewReads is what a preview reads of AWS: it compares the program with the state, not with the account,
// and looks up no more than its location and what the components list.
func (b builder) previewReads() managedPolicy {
	return managedPolicy{"reading", append([]policy.Statement{{
		Sid:       "Lists",
		Actions:   sorted(b.components.PreviewLists, []string{"sts:GetCallerIdentity"}),
		Resources: policy.Anywhere,
	}}, b.components.Previews...)}
}

// reading is what an update, a refresh or `ops preflight` reads of AWS. Secrets are described and never read.
func (b builder) reading() managedPolicy {
	statements := []policy.Statement{
		{
			Sid: "Lists",
			Actions: sorted(b.components.Lists, []string{
				"iam:GetAccountSummary", "servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota", "sts:GetCallerIdentity",
			}),
			Resources: policy.Anywhere,
		},
		{Sid: "Named", Actions: b.components.Describes, Resources: b.components.Described},
	}
	return managedPolicy{"reading", slices.Concat(statements, b.components.Reads, []policy.Statement{b.identityReads(), b.ownPermissions()})}
}

// ownPermissions allow `ops preflight` to simulate what the role may do, by its policies and boundary.
func (b builder) ownPermissions() policy.Statement {
	return policy.Statement{
		Sid:       "OwnPermissions",
		Actions:   []string{"iam:SimulatePrincipalPolicy"},
		Resources: b.GlobalARNs("iam", "role/"+b.name+"-deploy-*"),
	}
}

// identityReads are about the stack's roles, and what this component creates, which only an administrator changes.
func (b builder) identityReads() policy.Statement {
	return policy.Statement{
		Sid: "Identities",
		Actions: []string{
			"iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole",
			"iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
			"iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
			"iam:ListRolePolicies",
		},
		Resources: b.GlobalARNs("iam", "user/"+b.name+"-*", "role/"+b.name+"-*", "policy/"+b.name+"-*", "oidc-provider/*",
			"role/"+b.Prefix()+"-*"),
	}
}

// keySecretReads are about the secret that the CI user's key is in, not about the key.
func (b builder) keySecretReads() []policy.Statement {
	if b.config.OIDC != oidcOff {
		return nil
	}
	return []policy.Statement{{
		Sid:       "KeySecret",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"},
		Resources: b.ARNs("secretsmanager", "secret:"+b.name+keySecret+"-*"),
	}}
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
