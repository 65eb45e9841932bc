package iam

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployRoles creates and changes the roles of the stack's parts, all within the workload boundary.
func (s site) deployRoles(workload pulumi.StringInput) rights {
	return rights{"roles", []policy.Statement{
		{
			Sid:       "Change",
			Actions:   roleChanges,
			Resources: s.partRoles(),
			Condition: map[string]any{"StringEquals": map[string]any{"iam:PermissionsBoundary": workload}},
		},
		{
			// IAM tells these calls no boundary. They change nothing that a role can do.
			Sid:       "Tags",
			Actions:   []string{"iam:TagRole", "iam:UntagRole"},
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
