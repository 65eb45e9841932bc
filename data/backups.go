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
	// stagedDays is how long the snapshot that is copied stays in the stack's region, whose automated backups reach
	// further back.
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
func (d *Data) backupRole(ctx *pulumi.Context, name string, args Args, location account.Location, cluster *rds.Cluster, vaults []pulumi.StringInput) (*iam.Role, pulumi.Resource, error) {
	role, err := iam.NewRole(ctx, name, &iam.RoleArgs{
		Description: pulumi.String("Copies snapshots of the database for AWS Backup"),
		// AWS documents no condition key that AWS Backup sends, and shows this policy.
		// https://docs.aws.amazon.com/aws-backup/latest/devguide/iam-service-roles.html
		AssumeRolePolicy:    policy.Trust("backup.amazonaws.com"),
		PermissionsBoundary: args.PermissionsBoundary,
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("register the role of AWS Backup: %w", err)
	}
	scope := policy.Scope{Location: location}
	rights, err := iam.NewRolePolicy(ctx, name, &iam.RolePolicyArgs{
		Role: role.ID(),
		Policy: policy.Document(backupStatements(scope, args.Config.Copies.Region, []pulumi.StringInput{cluster.Arn}, vaults,
			[]pulumi.StringInput{args.DataKeyARN, args.Copies.KeyARN}, nil)...),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, nil, fmt.Errorf("register the policy of AWS Backup: %w", err)
	}
	return role, rights, nil
}

// backupStatements allow to take snapshots of clusters, to copy them between two vaults, and to delete expired ones:
// what AWS's policy AWSBackupServiceRolePolicyForBackup has about Aurora. AWS Backup names snapshots after its jobs,
// so those of other clusters cannot be told apart. The condition is on the keys.
// https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html
func backupStatements(s policy.Scope, region string, clusters, vaults, keys []pulumi.StringInput, condition map[string]any) []policy.Statement {
	const taken = "cluster-snapshot:awsbackup:*"
	snapshots := append(s.ARNs("rds", taken), s.In(region).ARNs("rds", taken)...)
	grant := map[string]any{"Bool": map[string]any{"kms:GrantIsForAWSResource": "true"}}
	for operator, keys := range condition {
		grant[operator] = keys
	}
	return []policy.Statement{
		{Sid: "Snapshots", Actions: []string{
			"rds:AddTagsToResource", "rds:CopyDBClusterSnapshot", "rds:CreateDBClusterSnapshot", "rds:DeleteDBClusterSnapshot",
			"rds:ListTagsForResource", "rds:ModifyDBClusterSnapshotAttribute",
		}, Resources: slices.Concat(clusters, snapshots)},
		{Sid: "Describe", Actions: []string{"rds:DescribeDBClusterAutomatedBackups", "rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters"},
			Resources: append(s.ARNs("rds", "*"), s.In(region).ARNs("rds", "*")...)},
		{Sid: "Tags", Actions: []string{"tag:GetResources"}, Resources: policy.Anywhere},
		{Sid: "Vaults", Actions: []string{"backup:CopyIntoBackupVault", "backup:DescribeBackupVault"}, Resources: vaults},
		{Sid: "Copies", Actions: []string{"backup:CopyFromBackupVault"}, Resources: snapshots},
		{Sid: "CopyKeys", Actions: []string{"kms:DescribeKey"}, Resources: keys, Condition: condition},
		{Sid: "CopyKeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: grant},
	}
}
