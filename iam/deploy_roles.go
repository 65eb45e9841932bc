package iam

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployRoles makes and changes the roles of the stack's parts, each within a boundary.
func (s site) deployRoles(workload pulumi.StringInput) rights {
	parts := []pulumi.StringInput{
		s.global("iam", "role/"+s.prefix+"-api-*"), s.global("iam", "role/"+s.prefix+"-data-*"),
		s.global("iam", "role/"+s.prefix+"-network-*"),
	}
	bounded := map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": s.partBoundaries(workload)}}
	return rights{"roles", []policy.Statement{
		{
			Sid: "Grant",
			Actions: []string{
				"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
			},
			Resources: parts,
			Condition: bounded,
		},
		{
			Sid: "Change",
			Actions: []string{
				"iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:TagRole", "iam:UntagRole",
				"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
			},
			Resources: parts,
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
