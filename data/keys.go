package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// keyDeletionDays is the longest wait that KMS has before a deleted key is gone, and with it
// everything that it encrypted.
const keyDeletionDays = 30

// key registers the room's key, rotated yearly, and its alias. The alias has a fixed name because
// people and consoles look keys up by it.
func (d *Data) key(ctx *pulumi.Context, name string, c Config) (*kms.Key, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("read the account: %w", err)
	}
	root := fmt.Sprintf("arn:aws:iam::%s:root", caller.AccountId)
	key, err := kms.NewKey(ctx, name+"-key", &kms.KeyArgs{
		Description:          pulumi.String("Database, cache, files and secrets of " + ctx.Project() + " " + ctx.Stack()),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionDays),
		Policy:               policy.Document(policy.KeyOwner(root)),
	}, pulumi.Parent(d), pulumi.Protect(c.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the key: %w", err)
	}
	_, err = kms.NewAlias(ctx, name+"-key", &kms.AliasArgs{
		Name:        pulumi.String("alias/" + name),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("register the key's alias: %w", err)
	}
	return key, nil
}
