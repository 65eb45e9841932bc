package data

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/backup"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/rds"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// copySchedule is after the cluster's own backup and its maintenance, UTC.
	copySchedule = "cron(0 6 * * ? *)"
	// stagedDays is the retention of the snapshots in the stack's region. They exist to be copied: a restore there uses
	// the cluster's automated backups, which are kept longer.
	stagedDays = 2
)

// backups registers the daily snapshot of the cluster and its copy. The plan has no continuous backup: RDS has one
// already, and a copy of it would be a snapshot all the same.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/recov-point-create-a-copy.html
func (d *Data) backups(ctx *pulumi.Context, name string, args Args, location account.Location, cluster *rds.Cluster, there *elsewhere) error {
	vault, err := backup.NewVault(ctx, name, &backup.VaultArgs{
		KmsKeyArn:    args.DataKeyARN,
		ForceDestroy: pulumi.Bool(args.Config.Bucket.ForceDestroy),
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("register the vault of snapshots: %w", err)
	}
	plan, err := backup.NewPlan(ctx, name, &backup.PlanArgs{
		Rules: backup.PlanRuleArray{backup.PlanRuleArgs{
			RuleName:        pulumi.String("daily"),
			TargetVaultName: vault.Name,
			Schedule:        pulumi.String(copySchedule),
			Lifecycle:       backup.PlanRuleLifecycleArgs{DeleteAfter: pulumi.Int(stagedDays)},
			CopyActions: backup.PlanRuleCopyActionArray{backup.PlanRuleCopyActionArgs{
				DestinationVaultArn: there.vault.Arn,
				Lifecycle:           backup.PlanRuleCopyActionLifecycleArgs{DeleteAfter: pulumi.Int(args.Config.Database.BackupDays)},
			}},
		}},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("register the backup plan: %w", err)
	}
	role, rights, err := d.backupRole(ctx, name, args, location, cluster, []pulumi.StringInput{vault.Arn, there.vault.Arn})
	if err != nil {
		return err
	}
	_, err = backup.NewSelection(ctx, name, &backup.SelectionArgs{
		PlanId:     plan.ID(),
		IamRoleArn: role.Arn,
		Resources:  pulumi.StringArray{cluster.Arn},
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{rights}))
	if err != nil {
		return fmt.Errorf("select the cluster for backups: %w", err)
	}
	return nil
}

// backupRole is the role that AWS Backup takes and copies snapshots with.
func (d *Data) backupRole(ctx *pulumi.Context, name string, args Args, location account.Location, cluster *rds.Cluster, vaults []pulumi.StringInput) (*iam.Role, *iam.RolePolicy, error) {
	keys := []pulumi.StringInput{args.DataKeyARN, args.Copies.KeyARN}
	statements := append(backupStatements(policy.Scope{Location: location}, args.Config.Copies.Region, []pulumi.StringInput{cluster.Arn}, vaults),
		policy.Statement{Sid: "Tags", Actions: backupLists, Resources: policy.Anywhere},
		policy.Statement{Sid: "Keys", Actions: []string{"kms:DescribeKey"}, Resources: keys},
		policy.Statement{
			Sid: "KeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys,
			Condition: map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": "true"}},
		})
	return d.serviceRole(ctx, name, "AWS Backup", &iam.RoleArgs{
		Description: pulumi.String("Copies snapshots of the database for AWS Backup"),
		// AWS documents no condition key that AWS Backup sends, and shows this policy.
		// https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
		AssumeRolePolicy:    policy.Trust("backup.amazonaws.com"),
		PermissionsBoundary: args.PermissionsBoundary,
	}, statements...)
}

// backupLists are what AWS Backup calls for no single resource: it finds what a selection names.
var backupLists = []string{"tag:GetResources"}

// backupStatements allow to take snapshots of clusters, to copy them between vaults, and to delete expired ones:
// what AWS's policy AWSBackupServiceRolePolicyForBackup has about Aurora. AWS Backup names snapshots after its jobs,
// so those of other clusters cannot be told apart.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
func backupStatements(s policy.Scope, region string, clusters, vaults []pulumi.StringInput) []policy.Statement {
	there := s.In(region)
	in := func(resource string) []pulumi.StringInput {
		return append(s.ARNs("rds", resource), there.ARNs("rds", resource)...)
	}
	snapshots := in("cluster-snapshot:awsbackup:*")
	return []policy.Statement{
		{Sid: "Snapshots", Actions: []string{
			"rds:AddTagsToResource", "rds:CopyDBClusterSnapshot", "rds:CreateDBClusterSnapshot", "rds:DeleteDBClusterSnapshot",
			"rds:ListTagsForResource", "rds:ModifyDBClusterSnapshotAttribute",
		}, Resources: slices.Concat(clusters, snapshots)},
		{Sid: "Clusters", Actions: []string{
			"rds:DescribeDBClusterAutomatedBackups", "rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters",
		}, Resources: in("cluster*")},
		{Sid: "Vaults", Actions: []string{"backup:CopyIntoBackupVault", "backup:DescribeBackupVault"}, Resources: vaults},
		{Sid: "Copies", Actions: []string{"backup:CopyFromBackupVault"}, Resources: snapshots},
	}
}
