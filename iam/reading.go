package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
)

// previewReads is what a preview reads of AWS: it compares the program with the state, not with the account,
// and looks up no more than where it is and what the components say.
func (s site) previewReads() managedPolicy {
	return managedPolicy{"reading", append([]policy.Statement{{
		Sid:       "Lists",
		Actions:   sorted(s.components.PreviewLists, []string{"sts:GetCallerIdentity"}),
		Resources: policy.Anywhere,
	}}, s.components.Previews...)}
}

// reading is what an update, a refresh or `ops preflight` reads of AWS. Secrets are described and never read.
func (s site) reading() managedPolicy {
	statements := []policy.Statement{
		{
			Sid: "Lists",
			Actions: sorted(s.components.Lists, []string{
				"iam:GetAccountSummary", "servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota", "sts:GetCallerIdentity",
			}),
			Resources: policy.Anywhere,
		},
		{Sid: "Named", Actions: s.components.Describes, Resources: s.components.Described},
	}
	return managedPolicy{"reading", slices.Concat(statements, s.components.Reads, []policy.Statement{s.identityReads(), s.ownPermissions()})}
}

// ownPermissions lets `ops preflight` simulate what the role may do, by its policies and boundary.
func (s site) ownPermissions() policy.Statement {
	return policy.Statement{
		Sid:       "OwnPermissions",
		Actions:   []string{"iam:SimulatePrincipalPolicy"},
		Resources: s.GlobalARNs("iam", "role/"+s.name+"-deploy-*"),
	}
}

// identityReads are about the stack's roles, and what this component creates, which only an administrator changes.
func (s site) identityReads() policy.Statement {
	return policy.Statement{
		Sid: "Identities",
		Actions: []string{
			"iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole",
			"iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
			"iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
			"iam:ListRolePolicies",
		},
		Resources: s.GlobalARNs("iam", "user/"+s.name+"-*", "role/"+s.name+"-*", "policy/"+s.name+"-*", "oidc-provider/*",
			"role/"+s.Prefix()+"-*"),
	}
}

// keySecretReads are about the secret that the CI user's key is in, not about the key.
func (s site) keySecretReads() []policy.Statement {
	if s.config.OIDC != oidcOff {
		return nil
	}
	return []policy.Statement{{
		Sid:       "KeySecret",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"},
		Resources: s.ARNs("secretsmanager", "secret:"+s.name+keySecret+"-*"),
	}}
}

func sorted(lists ...[]string) []string {
	all := slices.Concat(lists...)
	slices.Sort(all)
	return slices.Compact(all)
}
