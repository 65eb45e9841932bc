package data

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/bucket"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Copies configures the copies of files and database in another region of the account.
type Copies struct {
	// Region gets a copy of every new file and of a daily snapshot of the database; empty: none does.
	Region string `json:"region"`
}

// leastCopyDays is the minimum retention of the vault's lock. While the lock exists, AWS Backup rejects a copy with a
// shorter retention, and deletes none earlier.
const leastCopyDays = 7

// copiesProblems lists what prevents copies. That the region is not the stack's own is checked where both are known.
func (c Config) copiesProblems() []config.FieldError {
	if c.Copies.Region == "" {
		return nil
	}
	var problems []config.FieldError
	if !account.IsRegion(c.Copies.Region) {
		problems = append(problems, config.FieldError{
			Key: "copies.region", Value: config.Quote(c.Copies.Region), MustBe: `empty (no copies) or a region such as "eu-central-1"`,
		})
	}
	if c.Database.BackupDays < leastCopyDays {
		problems = append(problems, config.FieldError{
			Key: "database.backupDays", Value: fmt.Sprint(c.Database.BackupDays),
			MustBe: fmt.Sprintf("at least %d where copies.region is set: the vault of the copies keeps every snapshot that long", leastCopyDays),
		})
	}
	return problems
}

// ProblemsFrom lists why c.Region cannot have the copies of a stack in the region home: it is the same region, or in
// another partition, to which neither S3 nor AWS Backup copies.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication.html
func (c Copies) ProblemsFrom(home string) []config.FieldError {
	if c.Region != home && partition(c.Region) == partition(home) {
		return nil
	}
	return []config.FieldError{{
		Key: "copies.region", Value: config.Quote(c.Region), MustBe: "another region than aws:region, which is " + config.Quote(home) + ", of the same partition",
	}}
}

// partition is what the name of a region has in common with the others of its partition.
func partition(region string) string {
	for _, prefix := range []string{"cn-", "us-gov-", "us-iso-", "us-isob-", "us-isof-", "eu-isoe-"} {
		if strings.HasPrefix(region, prefix) {
			return prefix
		}
	}
	return "aws"
}

// CopiesToken is the type of the part of the component that is in the other region.
func CopiesToken(project string) string { return project + ":data:Copies" }

// CopiesArgs are what the copies are created with: the provider of the other region and the key there. Without a
// provider there are no copies.
type CopiesArgs struct {
	Provider *aws.Provider
	KeyARN   pulumi.StringOutput
}

// elsewhere is what is in the other region.
type elsewhere struct {
	pulumi.ResourceState
	files *bucket.Bucket
	vault *backup.Vault
}

// copies registers the copies of files and database.
func (d *Data) copies(ctx *pulumi.Context, name string, args Args, files *bucket.Bucket, cluster *rds.Cluster) error {
	none := pulumi.String("").ToStringOutput()
	d.CopiesBucketName, d.CopiesVaultName = none, none
	if args.Copies.Provider == nil {
		return nil
	}
	there, err := d.newElsewhere(ctx, name+"-copies", args)
	if err != nil {
		return err
	}
	d.CopiesBucketName, d.CopiesVaultName = there.files.Bucket, there.vault.Name
	location, err := account.Locate(ctx, d)
	if err != nil {
		return fmt.Errorf("copies: %w", err)
	}
	if err := d.replicate(ctx, name, args, location, files, there); err != nil {
		return err
	}
	return d.backups(ctx, name+"-backup", args, location, cluster, there)
}

// newElsewhere registers the bucket and the locked vault of the other region.
func (d *Data) newElsewhere(ctx *pulumi.Context, name string, args Args) (*elsewhere, error) {
	there, c := &elsewhere{}, args.Config.Bucket
	err := ctx.RegisterComponentResource(CopiesToken(ctx.Project()), name, there, pulumi.Parent(d), pulumi.Providers(args.Copies.Provider))
	if err != nil {
		return nil, fmt.Errorf("register the copies: %w", err)
	}
	there.files, err = bucket.New(ctx, name, bucket.Args{
		KeyARN:         args.Copies.KeyARN,
		NoncurrentDays: c.NoncurrentDays,
		Rules:          colder(c.InfrequentDays, c.ArchiveDays),
		ForceDestroy:   c.ForceDestroy,
		Protect:        !args.Config.AllowDeletion,
	}, there)
	if err != nil {
		return nil, err
	}
	there.vault, err = backup.NewVault(ctx, name, &backup.VaultArgs{
		KmsKeyArn:    args.Copies.KeyARN,
		ForceDestroy: pulumi.Bool(c.ForceDestroy),
	}, pulumi.Parent(there), pulumi.Protect(!args.Config.AllowDeletion))
	if err != nil {
		return nil, fmt.Errorf("register the vault of the copies: %w", err)
	}
	// Without ChangeableForDays the lock is in governance mode: an administrator can remove it, the deploy role cannot.
	// https://docs.aws.amazon.com/aws-backup/latest/devguide/vault-lock.html
	_, err = backup.NewVaultLockConfiguration(ctx, name, &backup.VaultLockConfigurationArgs{
		BackupVaultName:  there.vault.Name,
		MinRetentionDays: pulumi.Int(leastCopyDays),
	}, pulumi.Parent(there))
	if err != nil {
		return nil, fmt.Errorf("lock the vault of the copies: %w", err)
	}
	return there, ctx.RegisterResourceOutputs(there, pulumi.Map{})
}
