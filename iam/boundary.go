package iam

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// boundaries are the most that a role can do, whatever its policies say.
type boundaries struct {
	// workload is for the roles that the stack's parts run as.
	workload *iam.Policy
	// preview and deploy are for the two roles of this room.
	preview, deploy *iam.Policy
}

func newBoundaries(ctx *pulumi.Context, s site) (boundaries, error) {
	var b boundaries
	var err error
	if b.workload, err = s.boundary(ctx, "workload", "The most that a role of "+s.prefix+"'s parts can do", s.workloadLimits()); err != nil {
		return boundaries{}, err
	}
	if b.preview, err = s.boundary(ctx, "looking", "The most that a preview of "+s.prefix+" can do", s.previewLimits()); err != nil {
		return boundaries{}, err
	}
	b.deploy, err = s.boundary(ctx, "pipeline", "The most that a deployment of "+s.prefix+" can do", s.deployLimits(b.workload.Arn))
	return b, err
}

func (s site) boundary(ctx *pulumi.Context, part, description string, limits []policy.Statement) (*iam.Policy, error) {
	made, err := iam.NewPolicy(ctx, s.name+"-"+part, &iam.PolicyArgs{
		Description: pulumi.String(description),
		Path:        pulumi.String("/"),
		Policy:      policy.Document(limits...),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: boundary %s: %w", part, err)
	}
	return made, nil
}

// workloadLimits hold the union of what the functions, the proxy and the flow logs need. Each role's own
// policy narrows its part of it down to single resources. What the limits leave is the stack's alone:
// the deploy role can make a role within them, hand it to a function and read what that reads.
func (s site) workloadLimits() []policy.Statement {
	return slices.Concat(s.workloadTraces(), s.workloadData())
}

// workloadTraces are logs and network interfaces.
func (s site) workloadTraces() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "Logs",
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: s.names("logs", "log-group:"),
		},
		{
			// AWS narrows these to no resource.
			Sid:       "GroupsAndTraces",
			Actions:   []string{"logs:DescribeLogGroups", "xray:PutTelemetryRecords", "xray:PutTraceSegments"},
			Resources: policy.Anywhere,
		},
		{
			// Lambda looks for these on every resource, so the denials below do the narrowing.
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
			Sid:       "Interfaces",
			Actions:   interfaceActions,
			Resources: policy.Anywhere,
		},
		{
			Sid:       "InterfacesByLambdaOnly",
			Deny:      true,
			Actions:   interfaceActions,
			Resources: policy.Anywhere,
			Condition: map[string]any{"ArnLike": map[string]any{
				"lambda:SourceFunctionArn": s.arn("lambda", "function:*"),
			}},
		},
		{
			Sid:       "NoOtherSubnet",
			Deny:      true,
			Actions:   []string{"ec2:CreateNetworkInterface"},
			Resources: []pulumi.StringInput{s.arn("ec2", "subnet/*")},
			Condition: map[string]any{"StringNotEquals": map[string]any{stacktag.OnResource: s.owner()}},
		},
	}
}

// interfaceActions are what Lambda does with a function's network interfaces in the name of its role.
var interfaceActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// workloadData are secrets, the cache's users, files and the keys to secrets and files.
func (s site) workloadData() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
				"secretsmanager:UpdateSecretVersionStage",
			},
			Resources: s.names("secretsmanager", "secret:", roomData),
		},
		{
			Sid:       "MasterSecret",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{s.masterSecrets()},
			Condition: s.ofOurCluster(),
		},
		{
			Sid:       "CacheUsers",
			Actions:   []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"},
			Resources: s.names("elasticache", "user:", roomData),
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
			Condition: s.tagged(),
		},
	}
}

// previewLimits leave a preview what lists and describes, and the state of its own stack.
func (s site) previewLimits() []policy.Statement {
	return append([]policy.Statement{s.readingLogRole(), {
		Sid: "Reading",
		Actions: []string{
			"acm:Describe*", "acm:List*", "ec2:Describe*", "elasticache:Describe*", "iam:Get*", "iam:List*",
			"kms:Describe*", "kms:List*", "lambda:List*", "logs:Describe*", "rds:Describe*", "route53:Get*",
			"route53:List*", "secretsmanager:Describe*", "secretsmanager:GetRandomPassword", "sts:GetCallerIdentity",
		},
		Resources: policy.Anywhere,
	}}, s.readingState().statements...)
}

// deployLimits leave the services that the stack is made of, and of IAM the roles of its parts. They
// hold whatever the deploy role's policies say: no user, group, managed policy or identity provider is
// changed, nor is anything of this room, and no role is made that carries no boundary.
func (s site) deployLimits(workload pulumi.StringInput) []policy.Statement {
	return slices.Concat(s.deployServices(), s.deployDenials(), s.withheld(), s.boundedRoles(workload))
}

func (s site) deployServices() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Services",
			Actions: []string{
				"acm:*", "apigateway:*", "application-autoscaling:*", "cloudwatch:*", "ec2:*", "elasticache:*",
				"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy", "kms:*", "lambda:*", "logs:*", "rds:*",
				"route53:*", "s3:*", "secretsmanager:*", "servicequotas:Get*", "sns:*", "sts:GetCallerIdentity", "tag:*", "wafv2:*",
			},
			Resources: policy.Anywhere,
		},
		{
			Sid:       "PartRoles",
			Actions:   append([]string{"iam:PassRole", "iam:TagRole", "iam:UntagRole"}, roleChanges...),
			Resources: s.partRoles(),
		},
		{
			// Only AWS's service assumes such a role, and nobody changes whom it trusts.
			Sid:       "ServiceRoles",
			Actions:   []string{"iam:CreateServiceLinkedRole"},
			Resources: []pulumi.StringInput{s.global("iam", "role/aws-service-role/*")},
		},
	}
}

func (s site) deployDenials() []policy.Statement {
	denials := []policy.Statement{
		{
			Sid:        "NoIdentity",
			Deny:       true,
			NotActions: []string{"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"},
			Resources: []pulumi.StringInput{
				s.global("iam", "group/*"), s.global("iam", "oidc-provider/*"), s.global("iam", "policy/*"),
				s.global("iam", "role/"+s.name+"-*"), s.global("iam", "saml-provider/*"), s.global("iam", "user/*"),
				// Stacks created the role of API Gateway's logs before bootstrap did. It reads every log, and is left until an
				// administrator deletes it.
				s.global("iam", "role/"+s.prefix+"-"+roomAPI+"-account-role-*"),
			},
		},
		{
			// A role of a part could be made to trust the pipeline, which its own boundary would then not bind.
			Sid:       "NoOtherRole",
			Deny:      true,
			Actions:   []string{"sts:AssumeRole"},
			Resources: policy.Anywhere,
		},
		{
			Sid:       "NoBoundaryRemoved",
			Deny:      true,
			Actions:   []string{"iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary"},
			Resources: policy.Anywhere,
		},
	}
	if s.config.StateKey == "" {
		return denials
	}
	return append(denials, policy.Statement{
		// Every stack's state hangs on this key: it is used, never managed.
		Sid:        "StateKeyIsUsedOnly",
		Deny:       true,
		NotActions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
		Resources:  []pulumi.StringInput{pulumi.String(s.config.StateKey)},
	})
}

// roleChanges are the calls that create a role, or change what it can do and who can assume it. IAM tells
// each of them the boundary that the role has or is to get.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
var roleChanges = []string{
	"iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
}

// boundedRoles deny what creates or changes a role that does not carry the workload boundary. A role that is
// handed over has no such condition key: it has a name of the stack's parts, which only a bounded role gets.
func (s site) boundedRoles(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{{
		Sid: "NoRoleBeyondTheBoundary", Deny: true, Actions: append([]string{"iam:AttachRolePolicy"}, roleChanges...),
		Resources: policy.Anywhere,
		Condition: map[string]any{"StringNotEquals": map[string]any{"iam:PermissionsBoundary": workload}},
	}}
}

// partRoles are the roles that the stack's parts run as.
func (s site) partRoles() []pulumi.StringInput {
	roles := make([]pulumi.StringInput, 0, 3)
	for _, room := range []string{roomAPI, roomData, roomNetwork} {
		roles = append(roles, s.global("iam", "role/"+s.prefix+"-"+room+"-*"))
	}
	return roles
}
