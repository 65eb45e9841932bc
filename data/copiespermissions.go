package data

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
)

// copiesPermissions are what copies need in addition. The deploy role creates vaults and locks them for no shorter time
// than the program does. It removes no lock, and deletes no vault, no plan and no recovery point: an administrator turns
// copies off.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsbackup.html
func copiesPermissions(s policy.Scope, region string) policy.Permissions {
	there := s.In(region)
	copies := there.Named(componentName, "backup", "backup-vault:")
	vaults := slices.Concat(s.Named(componentName, "backup", "backup-vault:"), copies)
	plans := s.ARNs("backup", "backup-plan:*")
	return policy.Permissions{
		// The policies "data" and "reading" have no space left.
		Deploy: policy.Managed{Secrets: []policy.Statement{
			{Sid: "Replication", Actions: []string{"s3:PutReplicationConfiguration"}, Resources: s.Buckets(componentName)},
			s.PassRole("ReplicationRole", "s3.amazonaws.com", componentName+"-replication"),
			s.PassRole("BackupRole", "backup.amazonaws.com", componentName+"-backup"),
			{Sid: "Vaults", Actions: []string{"backup:CreateBackupVault", "backup:TagResource", "backup:UntagResource"}, Resources: vaults},
			// With ChangeableForDays nobody could remove the lock.
			{
				Sid: "VaultLock", Actions: []string{"backup:PutBackupVaultLockConfiguration"}, Resources: copies,
				Condition: map[string]any{
					"NumericGreaterThanEquals": map[string]any{"backup:MinRetentionDays": leastCopyDays},
					"Null":                     map[string]any{"backup:ChangeableForDays": "true"},
				},
			},
			// AWS does not narrow MountCapsule to a resource.
			// https://docs.aws.amazon.com/aws-backup/latest/devguide/create-a-vault.html
			{Sid: "VaultStorage", Actions: []string{"backup-storage:MountCapsule"}, Resources: policy.Anywhere},
			// A vault is encrypted by a grant, which the caller may retire.
			{
				Sid: "VaultKeys", Actions: []string{"kms:RetireGrant"}, Resources: slices.Concat(s.ARNs("kms", "key/*"), there.ARNs("kms", "key/*")),
				Condition: s.Tagged(),
			},
			{Sid: "NewBackupPlan", Actions: []string{"backup:CreateBackupPlan"}, Resources: plans, Condition: s.Tagging()},
			{
				Sid: "TagNewBackupPlan", Actions: []string{"backup:TagResource"}, Resources: s.WithoutID("backup", "backup-plan:"),
				Condition: s.Tagging(),
			},
			{
				Sid: "BackupPlan",
				Actions: []string{
					"backup:CreateBackupSelection", "backup:DeleteBackupSelection", "backup:TagResource", "backup:UntagResource",
					"backup:UpdateBackupPlan",
				},
				Resources: plans,
				Condition: s.Tagged(),
			},
			{
				Sid:       "Backups",
				Actions:   []string{"backup:DescribeBackupVault", "backup:GetBackupPlan", "backup:GetBackupSelection", "backup:ListTags"},
				Resources: slices.Concat(vaults, plans),
			},
		}},
		Lists: []string{"backup:DescribeRegionSettings", "ec2:DescribeRegions"},
		// The names of buckets are global: without the account, a role of the stack could copy files into a bucket of
		// such a name in another one.
		Workload: append([]policy.Statement{{
			Sid:       "Replication",
			Actions:   slices.Concat(sourceBucketActions, sourceFileActions, replicaActions),
			Resources: append(s.Buckets(componentName), s.Objects(componentName)...),
			Condition: map[string]any{"StringEquals": map[string]any{"aws:ResourceAccount": s.Account}},
		}}, backupStatements(s, region, s.Named(componentName, "rds", "cluster:"), vaults)...),
		WorkloadLists: backupLists,
	}
}
