package data

import (
	"encoding/json"
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/secretsmanager"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// credentials is what every secret of ours holds.
type credentials struct {
	Username string `json:"username"`
	Password string `json:"password"`
}

// cachePasswordLength is in characters; ElastiCache takes 16 to 128.
const cachePasswordLength = 64

// appSecret registers the application user's secret without a value: the migration makes the user
// and its password inside the VPC and puts it there, so that it never passes through Pulumi.
func (d *Data) appSecret(ctx *pulumi.Context, name string, args Args) (*secretsmanager.Secret, error) {
	return d.secret(ctx, name+"-app", "The application's user in the database", args)
}

// cacheSecret registers the cache's secret with a generated password, and returns both. The
// password is generated anew on every run and only the first one counts: from then on the stored
// one is the truth, which rotation changes.
func (d *Data) cacheSecret(ctx *pulumi.Context, name string, args Args) (*secretsmanager.Secret, pulumi.StringOutput, error) {
	none := pulumi.StringOutput{}
	secret, err := d.secret(ctx, name+"-cache", "The application's user in the cache", args)
	if err != nil {
		return nil, none, err
	}
	value := d.generatedPassword(ctx, secret).ApplyT(func(password string) (string, error) {
		text, err := json.Marshal(credentials{Username: cacheUser, Password: password})
		return string(text), err
	}).(pulumi.StringOutput)
	version, err := secretsmanager.NewSecretVersion(ctx, name+"-cache", &secretsmanager.SecretVersionArgs{
		SecretId:     secret.ID(),
		SecretString: pulumi.ToSecret(value).(pulumi.StringOutput),
	}, pulumi.Parent(d), pulumi.IgnoreChanges([]string{"secretString"}))
	if err != nil {
		return nil, none, fmt.Errorf("register the cache secret's value: %w", err)
	}
	stored := version.SecretString.ApplyT(func(text *string) (string, error) {
		var c credentials
		if text == nil {
			return "", fmt.Errorf("the cache's secret holds no text; put {\"username\",\"password\"} into it")
		}
		if err := json.Unmarshal([]byte(*text), &c); err != nil {
			return "", fmt.Errorf("the cache's secret is not {\"username\",\"password\"}: %w", err)
		}
		return c.Password, nil
	}).(pulumi.StringOutput)
	return secret, pulumi.ToSecret(stored).(pulumi.StringOutput), nil
}

// generatedPassword is a new one on every run: whoever takes it ignores its changes. It is not known
// before the secret is there: a preview that knew one would put it into the update's plan, which the
// update, with another one, could not keep to.
func (d *Data) generatedPassword(ctx *pulumi.Context, secret *secretsmanager.Secret) pulumi.StringOutput {
	length := secret.Arn.ApplyT(func(string) int { return cachePasswordLength }).(pulumi.IntOutput)
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
