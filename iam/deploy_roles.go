package iam

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployRoles makes and changes the roles of the stack's parts, each within a boundary.
func (s site) deployRoles(workload pulumi.StringInput) rights {
	bounded := func(boundary pulumi.StringInput) map[string]any {
		return map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": boundary}}
	}
	attaching := bounded(s.accountBoundary())
	attaching["ArnEquals"] = map[string]any{"iam:PolicyARN": s.accountBoundary()}
	account := []pulumi.StringInput{s.accountRole()}
	return rights{"roles", []policy.Statement{
		{
			Sid:       "Grant",
			Actions:   []string{"iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy"},
			Resources: s.partRoles(),
			Condition: bounded(workload),
		},
		{
			Sid:       "GrantAccount",
			Actions:   []string{"iam:CreateRole", "iam:PutRolePermissionsBoundary"},
			Resources: account,
			Condition: bounded(s.accountBoundary()),
		},
		{Sid: "AttachAccount", Actions: []string{"iam:AttachRolePolicy"}, Resources: account, Condition: attaching},
		{
			Sid: "Change",
			Actions: []string{
				"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:TagRole", "iam:UntagRole",
				"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
			},
			Resources: s.partRoles(),
		},
		{
			// AWS's own roles, made on the first use of a service in an account.
			Sid:     "ServiceRoles",
			Actions: []string{"iam:CreateServiceLinkedRole"},
			Resources: []pulumi.StringInput{
				s.global("iam", "role/aws-service-role/*"),
			},
			Condition: map[string]any{"StringEquals": map[string]any{"iam:AWSServiceName": []string{
				"elasticache.amazonaws.com", "lambda.application-autoscaling.amazonaws.com",
				"ops.apigateway.amazonaws.com", "rds.amazonaws.com", "wafv2.amazonaws.com",
			}}},
		},
	}}
}
