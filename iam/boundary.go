package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// boundaries are the most that a role can do, whatever its policies say.
type boundaries struct {
	// workload is for the roles that the stack's parts run as.
	workload *iam.Policy
	// pipeline is for the two roles of this room.
	pipeline *iam.Policy
}

func newBoundaries(ctx *pulumi.Context, s site) (boundaries, error) {
	workload, err := iam.NewPolicy(ctx, s.name+"-workload", &iam.PolicyArgs{
		Description: pulumi.String("The most that a role of " + s.prefix + "'s parts can do"),
		Path:        pulumi.String("/"),
		Policy:      policy.Document(s.workloadLimits()...),
	}, s.parent)
	if err != nil {
		return boundaries{}, fmt.Errorf("iam: boundary of the parts' roles: %w", err)
	}
	pipeline, err := iam.NewPolicy(ctx, s.name+"-pipeline", &iam.PolicyArgs{
		Description: pulumi.String("The most that " + s.prefix + "'s pipeline can do"),
		Path:        pulumi.String("/"),
		Policy:      policy.Document(s.pipelineLimits(workload.Arn)...),
	}, s.parent)
	if err != nil {
		return boundaries{}, fmt.Errorf("iam: boundary of the pipeline's roles: %w", err)
	}
	return boundaries{workload, pipeline}, nil
}

// partBoundaries are those that a role of the stack's parts carries one of: the workload boundary, or
// the policy of AWS that bounds the account's role for API Gateway's logs. That role outlives the
// stack, so it cannot carry a policy that goes with the stack.
func (s site) partBoundaries(workload pulumi.StringInput) []pulumi.StringInput {
	return []pulumi.StringInput{workload, pulumi.String(policy.APIGatewayLogs(s.partition))}
}

// workloadLimits hold the union of what function, migration, rotation, proxy and flow logs need. Each role's own policy narrows its part of it down to single resources.
func (s site) workloadLimits() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "LogsAndTraces",
			Actions: []string{
				"logs:CreateLogGroup", "logs:CreateLogStream", "logs:DescribeLogGroups", "logs:DescribeLogStreams",
				"logs:PutLogEvents",
				"xray:PutTelemetryRecords", "xray:PutTraceSegments",
			},
			Resources: policy.Anywhere,
		},
		{
			Sid: "Interfaces",
			Actions: []string{
				"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
				"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
			},
			Resources: policy.Anywhere,
		},
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
				"secretsmanager:UpdateSecretVersionStage",
			},
			Resources: s.secrets(),
		},
		{
			Sid: "Files",
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: append(s.buckets(), s.objects()...),
		},
		{
			Sid:       "Keys",
			Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{s.arn("kms", "key/*")},
		},
	}
}

// pipelineLimits leave the services that the stack is made of, and refuse the ways out: to change
// who the pipeline is, or to make a role without the workload boundary.
func (s site) pipelineLimits(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Services",
			Actions: []string{
				"acm:*", "apigateway:*", "application-autoscaling:*", "cloudwatch:*", "ec2:*", "elasticache:*", "iam:*", "kms:*", "lambda:*",
				"logs:*", "rds:*", "route53:*", "s3:*", "secretsmanager:*", "sns:*", "sts:*", "tag:*", "wafv2:*",
			},
			Resources: policy.Anywhere,
		},
		{
			Sid:       "NotItself",
			Deny:      true,
			Actions:   pipelineWrites,
			Resources: s.own(),
		},
		{
			Sid:  "NoRoleBeyondTheBoundary",
			Deny: true,
			Actions: []string{
				"iam:AttachRolePolicy", "iam:CreateRole", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
			},
			Resources: []pulumi.StringInput{s.global("iam", "role/*")},
			Condition: map[string]any{"StringNotEquals": map[string]any{"iam:PermissionsBoundary": s.partBoundaries(workload)}},
		},
		{
			Sid:       "NoBoundaryRemoved",
			Deny:      true,
			Actions:   []string{"iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"},
			Resources: policy.Anywhere,
		},
	}
}

// pipelineWrites are the ways to change a user, a role, a policy or an identity provider.
var pipelineWrites = []string{
	"iam:AddClientIDToOpenIDConnectProvider", "iam:AttachRolePolicy", "iam:AttachUserPolicy",
	"iam:CreateAccessKey", "iam:CreateOpenIDConnectProvider", "iam:CreatePolicy", "iam:CreatePolicyVersion",
	"iam:CreateRole", "iam:CreateUser", "iam:DeleteAccessKey", "iam:DeleteOpenIDConnectProvider",
	"iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DeleteUser",
	"iam:DeleteUserPolicy", "iam:DetachRolePolicy", "iam:DetachUserPolicy", "iam:PutRolePermissionsBoundary",
	"iam:PutRolePolicy", "iam:PutUserPermissionsBoundary", "iam:PutUserPolicy",
	"iam:RemoveClientIDFromOpenIDConnectProvider", "iam:SetDefaultPolicyVersion", "iam:UpdateAccessKey",
	"iam:UpdateAssumeRolePolicy", "iam:UpdateOpenIDConnectProviderThumbprint", "iam:UpdateRole", "iam:UpdateUser",
}

// own is everything that this room makes, which only an administrator changes.
func (s site) own() []pulumi.StringInput {
	return []pulumi.StringInput{
		s.global("iam", "user/"+s.name+"-*"), s.global("iam", "role/"+s.name+"-*"),
		s.global("iam", "policy/"+s.name+"-*"), s.global("iam", "oidc-provider/*"),
	}
}

// secrets are the stack's, and the master user's that RDS makes.
func (s site) secrets() []pulumi.StringInput {
	return []pulumi.StringInput{
		s.arn("secretsmanager", "secret:"+s.prefix+"-*"), s.arn("secretsmanager", "secret:rds!cluster-*"),
	}
}

// buckets are the stack's.
func (s site) buckets() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-*", s.partition, s.prefix))}
}

// objects are what is in them.
func (s site) objects() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-*/*", s.partition, s.prefix))}
}
