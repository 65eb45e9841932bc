package api

import (
	"fmt"
	"slices"

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

// newFunctionRole creates the execution role of a function in the VPC: with the permissions that every such function
// needs, and its own.
func newFunctionRole(ctx *pulumi.Context, s site, part string, log *cloudwatch.LogGroup, own ...policy.Statement) (executionRole, error) {
	return newRole(ctx, s, part, s.trust(), slices.Concat(s.functionPermissions(log), s.interfacePermissions(), own))
}

// trust allows Lambda to assume a role for functions of this account, or for the given ARNs alone. A role of a function
// in the VPC gets none: while Lambda connects the first function to a VPC it does not send
// aws:SourceArn, and such a function could not be made (github.com/aws/aws-parallelcluster/pull/6926).
func (s site) trust(functions ...string) pulumi.StringOutput {
	return policy.TrustFrom("lambda.amazonaws.com", s.Account, functions...)
}

// newRole creates the execution role of a function with these permissions.
func newRole(ctx *pulumi.Context, s site, part string, trust pulumi.StringInput, rights []policy.Statement) (executionRole, error) {
	role, err := iam.NewRole(ctx, s.name+"-"+part+"-role", &iam.RoleArgs{
		AssumeRolePolicy:    trust,
		Description:         pulumi.String("Rights of the function " + s.name + "-" + part),
		MaxSessionDuration:  pulumi.Int(3600),
		PermissionsBoundary: s.args.PermissionsBoundary,
	}, s.parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: role of %s: %w", part, err)
	}
	granted, err := iam.NewRolePolicy(ctx, s.name+"-"+part+"-rights", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: policy.Document(rights...),
	}, s.parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: rights of %s: %w", part, err)
	}
	return executionRole{role, granted}, nil
}

// interfaceActions are what Lambda does with a VPC function's network interfaces in the function's
// name. EC2 cannot narrow them to interfaces that do not exist yet.
var interfaceActions = []string{
	"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface",
	"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
}

// functionPermissions are those of every function: write to its log and its traces.
func (s site) functionPermissions(log *cloudwatch.LogGroup) []policy.Statement {
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
// function's own code is refused.
func (s site) interfacePermissions() []policy.Statement {
	return []policy.Statement{
		{Sid: "Interfaces", Actions: interfaceActions, Resources: policy.Anywhere},
		{
			Sid: "InterfacesByLambdaOnly", Deny: true, Actions: interfaceActions, Resources: policy.Anywhere,
			Condition: map[string]any{"ArnLike": map[string]any{
				"lambda:SourceFunctionArn": s.ARN("lambda", "function:*"),
			}},
		},
	}
}

// apiPermissions are what the serving function may do beyond that: read its two secrets, and read, write
// and list the bucket.
func (s site) apiPermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadSecrets",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{s.args.Database.AppSecretARN, s.args.Cache.SecretARN},
		},
		{
			Sid:       "Files",
			Actions:   []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", s.args.Bucket.ARN)},
		},
		{
			// Without it S3 answers 403 for an object that is not there, and the API could not say 404.
			Sid:       "FilesThatAreNotThere",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{s.args.Bucket.ARN},
		},
		s.keyPermissions("secretsmanager", "s3"),
	}
}

// migratePermissions are what the migrating function may do: read both database secrets and set the
// application user's.
func (s site) migratePermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadSecrets",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{s.args.Database.MasterSecretARN, s.args.Database.AppSecretARN},
		},
		{
			Sid:       "SetTheApplicationUsersSecret",
			Actions:   []string{"secretsmanager:PutSecretValue"},
			Resources: []pulumi.StringInput{s.args.Database.AppSecretARN},
		},
		s.keyPermissions("secretsmanager"),
	}
}

// keyPermissions let the keys be used through those services, and in no other way.
func (s site) keyPermissions(services ...string) policy.Statement {
	via := make([]string, len(services))
	for i, service := range services {
		via[i] = service + "." + s.Region + ".amazonaws.com"
	}
	return policy.Statement{
		Sid:       "Keys",
		Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
		Resources: s.args.KeyARNs,
		Condition: map[string]any{"StringEquals": map[string]any{"kms:ViaService": via}},
	}
}
