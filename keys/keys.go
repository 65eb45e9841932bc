package keys

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/policy"
)

// Token is the component's type in a project.
func Token(project string) string { return project + ":keys:Keys" }

// Args are the component's inputs.
type Args struct {
	// AllowDeletion allows a deletion of the keys. Without it Pulumi rejects that: what they encrypt would become
	// unreadable.
	AllowDeletion bool
	// Copies is the provider of the region that gets copies of the data, encrypted with a key there; nil: no copies.
	Copies *aws.Provider
	// Retain leaves the data key in the account when it is deleted from the stack: the final snapshot of the
	// database outlives the stack and cannot be restored without the key.
	Retain bool
}

// Keys is the component with its outputs.
type Keys struct {
	pulumi.ResourceState

	DataKeyARN       pulumi.StringOutput `pulumi:"dataKeyArn"`
	OperationsKeyARN pulumi.StringOutput `pulumi:"operationsKeyArn"`
	// CopiesKeyARN is empty without copies.
	CopiesKeyARN pulumi.StringOutput `pulumi:"copiesKeyArn"`
}

const (
	// deletionDays is the longest waiting period of KMS before it deletes a key.
	deletionDays = 30
	// rotationDays is when a key gets new material; KMS keeps the old material for what it encrypted.
	rotationDays = 365
)

// New creates the component.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*Keys, error) {
	k := &Keys{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, k, opts...); err != nil {
		return nil, fmt.Errorf("register the keys: %w", err)
	}
	location, err := account.Locate(ctx, k)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	root, groups := location.GlobalARN("iam", "root"), location.ARN("logs", "log-group:*")
	stack := ctx.Project() + " " + ctx.Stack()

	data, err := newKey(ctx, name+"-data", "Database, cache and files of "+stack, k,
		[]pulumi.ResourceOption{pulumi.Protect(!args.AllowDeletion), pulumi.RetainOnDelete(args.Retain)}, policy.KeyOwner(root))
	if err != nil {
		return nil, err
	}
	operations, err := newKey(ctx, name+"-operations", "Logs, secrets and alarms of "+stack, k, []pulumi.ResourceOption{pulumi.Protect(!args.AllowDeletion)},
		policy.KeyOwner(root), logs(location.Region, groups), alarms(location.Account))
	if err != nil {
		return nil, err
	}
	k.DataKeyARN, k.OperationsKeyARN, k.CopiesKeyARN = data.Arn, operations.Arn, pulumi.String("").ToStringOutput()
	if args.Copies != nil {
		if err := k.copies(ctx, name+"-copies", args, stack, root); err != nil {
			return nil, err
		}
	}
	return k, ctx.RegisterResourceOutputs(k, pulumi.Map{
		"dataKeyArn": k.DataKeyARN, "operationsKeyArn": k.OperationsKeyARN, "copiesKeyArn": k.CopiesKeyARN,
	})
}

// copies registers the key of the other region, which is kept as the data key is: copied snapshots outlive the
// stack, too. A key of that region is all that decrypts them while this one is unavailable.
func (k *Keys) copies(ctx *pulumi.Context, name string, args Args, stack, root string) error {
	there := &region{}
	err := ctx.RegisterComponentResource(CopiesToken(ctx.Project()), name, there, pulumi.Parent(k), pulumi.Providers(args.Copies))
	if err != nil {
		return fmt.Errorf("register the keys of the copies: %w", err)
	}
	key, err := newKey(ctx, name, "Copies of database and files of "+stack, there,
		[]pulumi.ResourceOption{pulumi.Protect(!args.AllowDeletion), pulumi.RetainOnDelete(args.Retain)}, policy.KeyOwner(root))
	if err != nil {
		return err
	}
	k.CopiesKeyARN = key.Arn
	return ctx.RegisterResourceOutputs(there, pulumi.Map{})
}

// region is the part of the component in the region of the copies.
type region struct{ pulumi.ResourceState }

// CopiesToken is the type of that part.
func CopiesToken(project string) string { return project + ":keys:Copies" }

// newKey registers a key and its alias. The alias has a fixed name, so that operators find the key by it.
func newKey(ctx *pulumi.Context, name, description string, parent pulumi.Resource, opts []pulumi.ResourceOption, statements ...policy.Statement) (*kms.Key, error) {
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:          pulumi.String(description),
		EnableKeyRotation:    pulumi.Bool(true),
		RotationPeriodInDays: pulumi.Int(rotationDays),
		DeletionWindowInDays: pulumi.Int(deletionDays),
		KeyUsage:             pulumi.String("ENCRYPT_DECRYPT"),
		MultiRegion:          pulumi.Bool(false),
		Policy:               policy.Document(statements...),
	}, append(opts, pulumi.Parent(parent))...)
	if err != nil {
		return nil, fmt.Errorf("register the key %s: %w", name, err)
	}
	_, err = kms.NewAlias(ctx, name, &kms.AliasArgs{
		Name:        pulumi.String("alias/" + name),
		TargetKeyId: key.KeyId,
	}, pulumi.Parent(parent))
	if err != nil {
		return nil, fmt.Errorf("register the alias of the key %s: %w", name, err)
	}
	return key, nil
}

// logs allows CloudWatch Logs to encrypt the log groups of this account and region.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
func logs(region, groups string) policy.Statement {
	return policy.Statement{
		Sid:       "Logs",
		Principal: map[string]any{"Service": "logs." + region + ".amazonaws.com"},
		Actions: []string{
			"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo",
			"kms:GenerateDataKey", "kms:DescribeKey",
		},
		Resources: policy.Anywhere,
		Condition: map[string]any{"ArnLike": map[string]any{"kms:EncryptionContext:aws:logs:arn": groups}},
	}
}

// alarms allows this account's alarms to publish to an encrypted topic.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func alarms(account string) policy.Statement {
	return policy.Statement{
		Sid:       "Alarms",
		Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
		Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
		Resources: policy.Anywhere,
		Condition: policy.From(account, nil),
	}
}
