package function

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
func newFunctionRole(ctx *pulumi.Context, a Args, part string, log *cloudwatch.LogGroup, own ...policy.Statement) (executionRole, error) {
	return newRole(ctx, a, part, a.trust(), slices.Concat(a.functionPermissions(log), a.interfacePermissions(), own))
}

// trust allows Lambda to assume a role for functions of this account, or for the given ARNs alone. A role of a function
// in the VPC gets none: while Lambda connects the first function to a VPC it does not send
// aws:SourceArn, and such a function could not be made (github.com/aws/aws-parallelcluster/pull/6926).
func (a Args) trust(functions ...string) pulumi.StringOutput {
	return policy.TrustFrom("lambda.amazonaws.com", a.Account, functions...)
}

// newRole creates the execution role of a function with these permissions.
func newRole(ctx *pulumi.Context, a Args, part string, trust pulumi.StringInput, rights []policy.Statement) (executionRole, error) {
	role, err := iam.NewRole(ctx, a.Name+"-"+part+"-role", &iam.RoleArgs{
		AssumeRolePolicy:    trust,
		Description:         pulumi.String("Rights of the function " + a.Name + "-" + part),
		MaxSessionDuration:  pulumi.Int(3600),
		PermissionsBoundary: a.PermissionsBoundary,
	}, a.Parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: role of %s: %w", part, err)
	}
	granted, err := iam.NewRolePolicy(ctx, a.Name+"-"+part+"-rights", &iam.RolePolicyArgs{
		Role:   role.ID(),
		Policy: policy.Document(rights...),
	}, a.Parent)
	if err != nil {
		return executionRole{}, fmt.Errorf("api: rights of %s: %w", part, err)
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
// function's own code is refused.
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

// apiPermissions are what the serving function may do beyond that: read its two secrets, and read, write
// and list the bucket.
func (a Args) apiPermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadSecrets",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{a.Database.AppSecretARN, a.Cache.SecretARN},
		},
		{
			Sid:       "Files",
			Actions:   []string{"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"},
			Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", a.Bucket.ARN)},
		},
		{
			// Without it S3 answers 403 for an object that is not there, and the API could not say 404.
			Sid:       "FilesThatAreNotThere",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{a.Bucket.ARN},
		},
		a.keyPermissions("secretsmanager", "s3"),
	}
}

// migratePermissions are what the migrating function may do: read both database secrets and set the
// application user's.
func (a Args) migratePermissions() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "ReadSecrets",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: []pulumi.StringInput{a.Database.MasterSecretARN, a.Database.AppSecretARN},
		},
		{
			Sid:       "SetTheApplicationUsersSecret",
			Actions:   []string{"secretsmanager:PutSecretValue"},
			Resources: []pulumi.StringInput{a.Database.AppSecretARN},
		},
		a.keyPermissions("secretsmanager"),
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
