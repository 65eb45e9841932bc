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
	if s.config.AccessKey {
		if err := newAccessKey(ctx, s, user); err != nil {
			return nil, err
		}
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

// newAccessKey makes a key of the user and puts it into Secrets Manager, from where GitLab's
// variables are set. In the state the secret half is encrypted, as every secret is.
func newAccessKey(ctx *pulumi.Context, s site, user *iam.User) error {
	key, err := iam.NewAccessKey(ctx, s.name+"-ci-key", &iam.AccessKeyArgs{
		User:   user.Name,
		Status: pulumi.String("Active"),
	}, s.parent, pulumi.AdditionalSecretOutputs([]string{"secret", "sesSmtpPasswordV4"}))
	if err != nil {
		return fmt.Errorf("iam: key of the CI user: %w", err)
	}
	secret, err := secretsmanager.NewSecret(ctx, s.name+"-ci-key", &secretsmanager.SecretArgs{
		Description: pulumi.String("Access key of the CI user"),
	}, s.parent)
	if err != nil {
		return fmt.Errorf("iam: secret of the CI user's key: %w", err)
	}
	_, err = secretsmanager.NewSecretVersion(ctx, s.name+"-ci-key", &secretsmanager.SecretVersionArgs{
		SecretId: secret.ID(),
		SecretString: pulumi.ToSecret(pulumi.JSONMarshal(map[string]any{
			"accessKeyId": key.ID(), "secretAccessKey": key.Secret,
		})).(pulumi.StringOutput),
	}, s.parent)
	if err != nil {
		return fmt.Errorf("iam: value of the CI user's secret: %w", err)
	}
	return nil
}
