package function

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// executionRole is a function's role with its policy: the function depends on both.
type executionRole struct {
	role   *iam.Role
	policy *iam.RolePolicy
}

// newRole creates the execution role of a function: with the permissions that every function needs, or every one in
// the VPC, and its own.
//
// Lambda may assume it for functions of this account. A role of a function outside the VPC is limited to that function,
// by name: the ARN is not known before the role. For one in the VPC that is not possible: while Lambda connects the
// first function to a VPC it does not send aws:SourceArn, and the function could not be created
// (github.com/aws/aws-parallelcluster/pull/6926).
func newRole(ctx *pulumi.Context, a Args, s spec, log *cloudwatch.LogGroup) (executionRole, error) {
	permissions, functions := a.functionPermissions(log), []string(nil)
	if s.outsideVPC {
		functions = []string{a.ARN("lambda", "function:"+a.Name+"-"+s.suffix+"-*")}
	} else {
		permissions = append(permissions, a.interfacePermissions()...)
	}
	role, err := iam.NewRole(ctx, a.Name+"-"+s.suffix+"-role", &iam.RoleArgs{
		AssumeRolePolicy:    policy.TrustFrom("lambda.amazonaws.com", a.Account, functions...),
		Description:         pulumi.String("Rights of the function " + a.Name + "-" + s.suffix),
		MaxSessionDuration:  pulumi.Int(3600),
		PermissionsBoundary: a.PermissionsBoundary,
	}, a.Parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: role of %s: %w", s.suffix, err)
	}
	granted, err := iam.NewRolePolicy(ctx, a.Name+"-"+s.suffix+"-rights", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: policy.Document(append(permissions, s.permissions...)...),
	}, a.Parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: permissions of %s: %w", s.suffix, err)
	}
	return executionRole{role, granted}, nil
}

// functionPermissions are those of every function: write to its log and its traces.
func (a Args) functionPermissions(log *cloudwatch.LogGroup) []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "Log",
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s:*", log.Arn)},
		},
		{
			Sid:       "Trace",
			Actions:   []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
			Resources: policy.Anywhere,
		},
	}
}

// interfacePermissions have network interfaces made for a function in the VPC, by Lambda alone: the
// function's own code is denied.
func (a Args) interfacePermissions() []policy.Statement {
	return []policy.Statement{
		{Sid: "Interfaces", Actions: policy.InterfaceActions, Resources: policy.Anywhere},
		{
			Sid: "InterfacesByLambdaOnly", Deny: true, Actions: policy.InterfaceActions, Resources: policy.Anywhere,
			Condition: map[string]any{"ArnLike": map[string]any{
				"lambda:SourceFunctionArn": a.ARN("lambda", "function:*"),
			}},
		},
	}
}

// keyPermissions let the keys be used through those services, and in no other way.
func (a Args) keyPermissions(services ...string) policy.Statement {
	via := make([]string, len(services))
	for i, service := range services {
		via[i] = service + "." + a.Region + ".amazonaws.com"
	}
	return policy.Statement{
		Sid:       "Keys",
		Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
		Resources: a.KeyARNs,
		Condition: map[string]any{"StringEquals": map[string]any{"kms:ViaService": via}},
	}
}
