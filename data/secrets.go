package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// placeholderPasswordLength is in characters; ElastiCache accepts 16 to 128.
const placeholderPasswordLength = 64

// appSecret registers the application user's secret without a value: the migration makes the user
// and its password inside the VPC and puts it there, so that it never passes through Pulumi.
func (d *Data) appSecret(ctx *pulumi.Context, name string, args Args) (*secretsmanager.Secret, error) {
	return d.secret(ctx, name+"-app", "The application's user in the database", args)
}

// cacheSecret registers the cache's secret without a value either: the function that rotates it makes
// the first password, too.
func (d *Data) cacheSecret(ctx *pulumi.Context, name string, args Args) (*secretsmanager.Secret, error) {
	return d.secret(ctx, name+"-cache", "The application's user in the cache", args)
}

// placeholderPassword is the placeholder of a user that is created with a password and gets another one before its first
// login, or never logs in. Every run generates another one, so its users ignore changes. It is unknown until the
// secret exists: otherwise a preview would put one into the plan, and the update's would differ.
func (d *Data) placeholderPassword(ctx *pulumi.Context, secret *secretsmanager.Secret) pulumi.StringOutput {
	length := secret.Arn.ApplyT(func(string) int { return placeholderPasswordLength }).(pulumi.IntOutput)
	generated := secretsmanager.GetRandomPasswordOutput(ctx, secretsmanager.GetRandomPasswordOutputArgs{
		PasswordLength:     length,
		ExcludePunctuation: pulumi.Bool(true),
	}, pulumi.Parent(d))
	return pulumi.ToSecret(generated.RandomPassword()).(pulumi.StringOutput)
}

func (d *Data) secret(ctx *pulumi.Context, name, description string, args Args) (*secretsmanager.Secret, error) {
	secret, err := secretsmanager.NewSecret(ctx, name, &secretsmanager.SecretArgs{
		Description:          pulumi.String(description),
		KmsKeyId:             args.OperationsKeyARN,
		RecoveryWindowInDays: pulumi.Int(args.Config.SecretRecoveryDays),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the secret %s: %w", name, err)
	}
	return secret, nil
}
