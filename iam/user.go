package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newUser creates the CI user, as which a pipeline without OIDC authenticates.
func newUser(ctx *pulumi.Context, b builder) (*iam.User, error) {
	user, err := iam.NewUser(ctx, b.name+"-ci", &iam.UserArgs{
		Path:         pulumi.String("/"),
		ForceDestroy: pulumi.Bool(false),
	}, b.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: CI user: %w", err)
	}
	return user, nil
}

// allowAssumeRole gives the user its only permission: to assume the roles of jobs.
func allowAssumeRole(ctx *pulumi.Context, b builder, user *iam.User, roles ...pulumi.StringInput) error {
	_, err := iam.NewUserPolicy(ctx, b.name+"-ci-assume", &iam.UserPolicyArgs{
		User: user.Name,
		Policy: policy.Document(policy.Statement{
			Sid: "AssumePipelineRoles", Actions: []string{"sts:AssumeRole"}, Resources: roles,
		}),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("iam: policy of the CI user: %w", err)
	}
	return nil
}

// keyRecoveryDays is the recovery window of the deleted secret. `ops rotate-key` creates another key, so the secret
// need not be recoverable.
const keyRecoveryDays = 0

// keySecret ends the secret's name.
const keySecret = "-ci-key"

// newKeySecret creates the secret for the user's access key, without a value: `ops rotate-key` creates the key
// and stores it there, so that it never passes through Pulumi, whose state every preview reads. Its ARN is
// empty where jobs authenticate with OIDC.
func newKeySecret(ctx *pulumi.Context, b builder, key pulumi.StringInput) (pulumi.StringOutput, error) {
	if b.config.OIDC != oidcOff {
		return pulumi.String("").ToStringOutput(), nil
	}
	secret, err := secretsmanager.NewSecret(ctx, b.name+keySecret, &secretsmanager.SecretArgs{
		Description:          pulumi.String("Access key of the CI user, made by ops rotate-key"),
		KmsKeyId:             key,
		RecoveryWindowInDays: pulumi.Int(keyRecoveryDays),
	}, b.parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("iam: secret of the CI user's key: %w", err)
	}
	return secret.Arn, nil
}
