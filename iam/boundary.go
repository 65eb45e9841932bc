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
	// workload is for the roles that the stack's components run as.
	workload *iam.Policy
	// preview and deploy are for the roles of those names.
	preview, deploy *iam.Policy
}

func newBoundaries(ctx *pulumi.Context, b builder) (boundaries, error) {
	var limits boundaries
	var err error
	if limits.workload, err = b.boundary(ctx, "workload", "The most that a role of "+b.Prefix()+"'s parts can do", b.workloadLimits()); err != nil {
		return boundaries{}, err
	}
	if limits.preview, err = b.boundary(ctx, "looking", "The most that a preview of "+b.Prefix()+" can do", b.previewLimits()); err != nil {
		return boundaries{}, err
	}
	limits.deploy, err = b.boundary(ctx, "pipeline", "The most that a deployment of "+b.Prefix()+" can do", b.deployLimits(limits.workload.Arn))
	return limits, err
}

func (b builder) boundary(ctx *pulumi.Context, suffix, description string, limits []policy.Statement) (*iam.Policy, error) {
	boundary, err := iam.NewPolicy(ctx, b.name+"-"+suffix, &iam.PolicyArgs{
		Description: pulumi.String(description),
		Path:        pulumi.String("/"),
		Policy:      policy.Document(limits...),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: boundary %s: %w", suffix, err)
	}
	return boundary, nil
}

// workloadLimits hold the union of what the functions, the proxy and the flow logs need. Each role's own
// policy is narrower, down to single resources. The limits allow the stack's resources alone, since the deploy
// role can create a role within them, pass it to a function and read what that reads.
func (b builder) workloadLimits() []policy.Statement {
	return slices.Concat([]policy.Statement{
		{
			Sid:       "Logs",
			Actions:   []string{"logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"},
			Resources: b.ARNs("logs", "log-group:"+b.Prefix()+"-*"),
		},
		{
			// AWS cannot narrow these to a resource.
			Sid:       "Lists",
			Actions:   b.components.WorkloadLists,
			Resources: policy.Anywhere,
		},
	}, b.components.Workload, b.workloadDenials())
}

// workloadDenials are about network interfaces, which Lambda creates with a function's role: only Lambda
// creates them, in the stack's subnets.
func (b builder) workloadDenials() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "InterfacesByLambdaOnly",
			Deny:      true,
			Actions:   policy.InterfaceActions,
			Resources: policy.Anywhere,
			Condition: map[string]any{"ArnLike": map[string]any{
				"lambda:SourceFunctionArn": b.ARN("lambda", "function:*"),
			}},
		},
		{
			Sid:       "NoOtherSubnet",
			Deny:      true,
			Actions:   []string{"ec2:CreateNetworkInterface"},
			Resources: b.ARNs("ec2", "subnet/*"),
			Condition: map[string]any{"StringNotEquals": map[string]any{stacktag.OnResource: b.Owner()}},
		},
	}
}

// previewReadActions are the actions that the preview's boundary allows on every resource.
var previewReadActions = []string{
	"acm:Describe*", "acm:List*", "ec2:Describe*", "elasticache:Describe*", "iam:Get*", "iam:List*",
	"kms:Describe*", "kms:List*", "lambda:List*", "logs:Describe*", "rds:Describe*", "route53:Get*",
	"route53:List*", "secretsmanager:Describe*", "secretsmanager:GetRandomPassword", "sts:GetCallerIdentity",
}

// previewLimits allow a preview to list and describe, what else the components' lookups need, and to read the
// state of its own stack.
func (b builder) previewLimits() []policy.Statement {
	further := slices.DeleteFunc(slices.Clone(b.components.Previews), func(statement policy.Statement) bool {
		return !slices.ContainsFunc(statement.Actions, func(action string) bool { return !covered(action, previewReadActions) })
	})
	lists := slices.DeleteFunc(slices.Clone(b.components.PreviewLists), func(action string) bool { return covered(action, previewReadActions) })
	return slices.Concat(further, []policy.Statement{{
		Sid:       "PreviewReads",
		Actions:   sorted(previewReadActions, lists),
		Resources: policy.Anywhere,
	}}, b.readingState().statements)
}

// deployLimits allow the services that the stack uses, and of IAM the roles of its components. Whatever the
// deploy role's policies allow, it changes no user, group, managed policy or identity provider and no resource
// of this component, and creates no role without the boundary.
func (b builder) deployLimits(workload pulumi.StringInput) []policy.Statement {
	return slices.Concat(b.deployServices(workload), b.deployDenials(), b.withheld(), b.boundedRoles(workload))
}

func (b builder) deployServices(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{
		{Sid: "Services", Actions: services(b.deployPolicies(workload)), Resources: policy.Anywhere},
		{
			Sid:       "ComponentRoles",
			Actions:   append([]string{"iam:PassRole", "iam:TagRole", "iam:UntagRole"}, roleChanges...),
			Resources: b.components.Roles,
		},
		{
			// Only AWS's service assumes such a role, and its trust policy cannot be changed.
			Sid:       "ServiceRoles",
			Actions:   []string{"iam:CreateServiceLinkedRole"},
			Resources: b.GlobalARNs("iam", "role/aws-service-role/*"),
		},
	}
}

func (b builder) deployDenials() []policy.Statement {
	denials := []policy.Statement{
		{
			Sid:        "NoIdentity",
			Deny:       true,
			NotActions: []string{"iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"},
			Resources: b.GlobalARNs("iam", "group/*", "oidc-provider/*", "policy/*",
				"role/"+b.name+"-*", "saml-provider/*", "user/*",
				// Earlier versions created the role of API Gateway's logs in each stack; bootstrap does now. The old roles can
				// read every log, and exist until an administrator deletes them.
				"role/"+b.Prefix()+"-"+componentAPI+"-account-role-*"),
		},
		{
			// The deploy role could make a component's role trust the pipeline, and act with that role's permissions.
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
	if b.config.StateKey == "" {
		return denials
	}
	return append(denials, policy.Statement{
		// Every stack's state depends on this key: it is used, never managed.
		Sid:        "UseStateKeyOnly",
		Deny:       true,
		NotActions: []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
		Resources:  []pulumi.StringInput{pulumi.String(b.config.StateKey)},
	})
}

// roleChanges are the calls that create a role, or change what it can do and who can assume it. Each has a
// condition key for the boundary that the role has or is to get.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html
var roleChanges = []string{
	"iam:CreateRole", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:PutRolePermissionsBoundary", "iam:PutRolePolicy",
	"iam:UpdateAssumeRolePolicy", "iam:UpdateRole", "iam:UpdateRoleDescription",
}

// boundedRoles deny the calls that create or change a role without the workload boundary. iam:PassRole has no
// such condition key: the passed role has a name of the stack's components, which only a bounded role gets.
func (b builder) boundedRoles(workload pulumi.StringInput) []policy.Statement {
	return []policy.Statement{{
		Sid: "NoRoleWithoutBoundary", Deny: true, Actions: append([]string{"iam:AttachRolePolicy"}, roleChanges...),
		Resources: policy.Anywhere,
		Condition: map[string]any{"StringNotEquals": map[string]any{"iam:PermissionsBoundary": workload}},
	}}
}
