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
	if b.workload, err = s.boundary(ctx, "workload", "The most that a role of "+s.Prefix()+"'s parts can do", s.workloadLimits()); err != nil {
		return boundaries{}, err
	}
	if b.preview, err = s.boundary(ctx, "looking", "The most that a preview of "+s.Prefix()+" can do", s.previewLimits()); err != nil {
		return boundaries{}, err
	}
	b.deploy, err = s.boundary(ctx, "pipeline", "The most that a deployment of "+s.Prefix()+" can do", s.deployLimits(b.workload.Arn))
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
// the deploy role can create a role within them, pass it to a function and read what that reads.
func (s site) workloadLimits() []policy.Statement {
	return slices.Concat([]policy.Statement{
		{
			Sid:       "Logs",
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: s.ARNs("logs", "log-group:"+s.Prefix()+"-*"),
		},
		{
			// AWS narrows these to no resource.
			Sid:       "GroupsAndTraces",
			Actions:   s.components.WorkloadLists,
			Resources: policy.Anywhere,
		},
	}, s.components.Workload, s.workloadDenials())
}

// workloadDenials are about network interfaces, which Lambda creates in the name of a function's role: Lambda
// alone creates them, in the stack's subnets.
func (s site) workloadDenials() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "InterfacesByLambdaOnly",
			Deny:      true,
			Actions:   interfaceActions,
			Resources: policy.Anywhere,
			Condition: map[string]any{"ArnLike": map[string]any{
				"lambda:SourceFunctionArn": s.ARN("lambda", "function:*"),
			}},
		},
		{
			Sid:       "NoOtherSubnet",
			Deny:      true,
			Actions:   []string{"ec2:CreateNetworkInterface"},
			Resources: s.ARNs("ec2", "subnet/*"),
			Condition: map[string]any{"StringNotEquals": map[string]any{stacktag.OnResource: s.Owner()}},
		},
	}
}

// interfaceActions are what Lambda does with a function's network interfaces in the name of its role.
var interfaceActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// previewReadActions are the actions that the preview's boundary allows on every resource.
var previewReadActions = []string{
	"acm:Describe*", "acm:List*", "ec2:Describe*", "elasticache:Describe*", "iam:Get*", "iam:List*",
	"kms:Describe*", "kms:List*", "lambda:List*", "logs:Describe*", "rds:Describe*", "route53:Get*",
	"route53:List*", "secretsmanager:Describe*", "secretsmanager:GetRandomPassword", "sts:GetCallerIdentity",
}

// previewLimits leave a preview what lists and describes, what else the components' lookups need, and the
// state of its own stack.
func (s site) previewLimits() []policy.Statement {
	further := slices.DeleteFunc(slices.Clone(s.components.Previews), func(statement policy.Statement) bool {
		return !slices.ContainsFunc(statement.Actions, func(action string) bool { return !covered(action, previewReadActions) })
	})
	lists := slices.DeleteFunc(slices.Clone(s.components.PreviewLists), func(action string) bool { return covered(action, previewReadActions) })
	return slices.Concat(further, []policy.Statement{{
		Sid:       "Reading",
		Actions:   sorted(previewReadActions, lists),
		Resources: policy.Anywhere,
	}}, s.readingState().statements)
}

// deployLimits leave the services that the stack is made of, and of IAM the roles of its parts. They
// hold whatever the deploy role's policies say: no user, group, managed policy or identity provider is
// changed, nor is anything of this room, and no role is made that carries no boundary.
func (s site) deployLimits(workload pulumi.StringInput) []policy.Statement {
	return slices.Concat(s.deployServices(workload), s.deployDenials(), s.withheld(), s.boundedRoles(workload))
}

func (s site) deployServices(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{
		{Sid: "Services", Actions: services(s.deployPolicies(workload)), Resources: policy.Anywhere},
		{
			Sid:       "PartRoles",
			Actions:   append([]string{"iam:PassRole", "iam:TagRole", "iam:UntagRole"}, roleChanges...),
			Resources: s.components.Roles,
		},
		{
			// Only AWS's service assumes such a role, and nobody changes whom it trusts.
			Sid:       "ServiceRoles",
			Actions:   []string{"iam:CreateServiceLinkedRole"},
			Resources: s.GlobalARNs("iam", "role/aws-service-role/*"),
		},
	}
}

func (s site) deployDenials() []policy.Statement {
	denials := []policy.Statement{
		{
			Sid:        "NoIdentity",
			Deny:       true,
			NotActions: []string{"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"},
			Resources: s.GlobalARNs("iam", "group/*", "oidc-provider/*", "policy/*",
				"role/"+s.name+"-*", "saml-provider/*", "user/*",
				// Stacks created the role of API Gateway's logs before bootstrap did. It reads every log, and is left until an
				// administrator deletes it.
				"role/"+s.Prefix()+"-"+componentAPI+"-account-role-*"),
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
