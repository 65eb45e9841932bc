package iam

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The components whose resources the denials name.
const (
	componentAPI  = "api"
	componentData = "data"
)

// compose joins what the components need.
func compose(scope policy.Scope, components []func(policy.Scope) policy.Permissions) policy.Permissions {
	all := make([]policy.Permissions, len(components))
	for i, permissions := range components {
		all[i] = permissions(scope)
	}
	return policy.Compose(all...)
}

// deployPolicies are the managed policies of the deploy role. A role can have ten (permissions_test.go in main).
func (b builder) deployPolicies(workload pulumi.StringInput) []managedPolicy {
	deploy := b.components.Deploy
	return []managedPolicy{
		b.reading(), {"network", deploy.Network}, {"data", deploy.Data},
		{"secrets", append(slices.Clip(deploy.Secrets), b.keySecretReads()...)},
		{"api", deploy.API},
		{"operations", append(b.logPermissions(), deploy.Operations...)},
		{"roles", b.rolePermissions(workload)}, b.readingState(), b.writingState(),
	}
}

// rolePermissions create and change the roles of the components, all within the workload boundary.
func (b builder) rolePermissions(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "Change",
			Actions:   roleChanges,
			Resources: b.components.Roles,
			Condition: map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": workload}},
		},
		{
			// These calls have no condition key for the boundary. They change nothing that a role can do.
			Sid:       "Tags",
			Actions:   []string{"iam:TagRole", "iam:UntagRole"},
			Resources: b.components.Roles,
		},
		{
			// AWS's own roles, created on the first use of a service in an account.
			Sid:       "ServiceRoles",
			Actions:   []string{"iam:CreateServiceLinkedRole"},
			Resources: b.GlobalARNs("iam", "role/aws-service-role/*"),
			Condition: map[string]any{"StringEquals": map[string]any{"iam:AWSServiceName": b.components.ServiceRoles}},
		},
	}
}

// logPermissions are about the log groups of all components, and about what is delivered to them.
func (b builder) logPermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Logs",
			Actions: []string{
				"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
				"logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:ListTagsForResource", "logs:PutMetricFilter",
				"logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
			},
			Resources: b.components.LogGroups,
		},
		{
			// The deliveries of the cache's and the web ACL's logs are created with the permissions of the caller that
			// sets them up. AWS cannot narrow these to a resource. The administrator's policy allows AWS to write into
			// the log groups (logdelivery.go).
			// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Logging-destinations.html
			Sid: "LogDelivery",
			Actions: []string{
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies",
				"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:UpdateLogDelivery",
			},
			Resources: policy.Anywhere,
		},
	}
}

// ownServices are what the deploy role's boundary allows whatever the components need: no change in IAM, and
// no other role in STS.
var ownServices = []string{
	"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy", "servicequotas:Get*", "sts:GetCallerIdentity", "tag:*",
}

// services are the actions that the deploy role's boundary allows: these, and every action of each other
// service that one of its policies names. withheld.go lists the denials by hand.
func services(policies []managedPolicy) []string {
	all := slices.Clone(ownServices)
	for _, p := range policies {
		for _, statement := range p.statements {
			for _, action := range statement.Actions {
				service, _, _ := strings.Cut(action, ":")
				if service != "iam" && service != "sts" && !covered(action, ownServices) {
					all = append(all, service+":*")
				}
			}
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// covered reports whether one of the patterns, which may end with an asterisk, matches the action.
func covered(action string, patterns []string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		prefix, wildcard := strings.CutSuffix(pattern, "*")
		return action == pattern || wildcard && strings.HasPrefix(action, prefix)
	})
}
