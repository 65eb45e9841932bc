package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newUser makes the CI user: what a pipeline without OIDC signs in as.
func newUser(ctx *pulumi.Context, s site) (*iam.User, error) {
	user, err := iam.NewUser(ctx, s.name+"-ci", &iam.UserArgs{
		Path:         pulumi.String("/"),
		ForceDestroy: pulumi.Bool(false),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("iam: CI user: %w", err)
	}
	return user, nil
}

// letAssume gives the user the one right it has: to take the two roles.
func letAssume(ctx *pulumi.Context, s site, user *iam.User, roles ...pulumi.StringInput) error {
	_, err := iam.NewUserPolicy(ctx, s.name+"-ci-assume", &iam.UserPolicyArgs{
		User: user.Name,
		Policy: policy.Document(policy.Statement{
			Sid: "TakeARole", Actions: []string{"sts:AssumeRole"}, Resources: roles,
		}),
	}, s.parent)
	if err != nil {
		return fmt.Errorf("iam: right of the CI user: %w", err)
	}
	return nil
}

// keyRecoveryDays is how long the deleted secret could be restored: nothing is lost with it, since
// `ops rotate-key` makes another key.
const keyRecoveryDays = 0

// keySecret ends the secret's name.
const keySecret = "-ci-key"

// newKeySecret makes the secret that the user's key is kept in, without a value: `ops rotate-key` makes
// the key and puts it there, so that it never passes through Pulumi, whose state every preview reads.
// Its ARN is empty where jobs sign in with OIDC.
func newKeySecret(ctx *pulumi.Context, s site, key pulumi.StringInput) (pulumi.StringOutput, error) {
	if s.config.OIDC != oidcOff {
		return pulumi.String("").ToStringOutput(), nil
	}
	secret, err := secretsmanager.NewSecret(ctx, s.name+keySecret, &secretsmanager.SecretArgs{
		Description:          pulumi.String("Access key of the CI user, made by ops rotate-key"),
		KmsKeyId:             key,
		RecoveryWindowInDays: pulumi.Int(keyRecoveryDays),
	}, s.parent)
	if err != nil {
		return pulumi.StringOutput{}, fmt.Errorf("iam: secret of the CI user's key: %w", err)
	}
	return secret.Arn, nil
}
