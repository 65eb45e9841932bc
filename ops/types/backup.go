package types

// Types of AWS Backup.
const (
	BackupVault     = "aws:backup/vault:Vault"
	BackupPlan      = "aws:backup/plan:Plan"
	BackupSelection = "aws:backup/selection:Selection"
)

var backupTypes = []Type{
	{
		// https://docs.aws.amazon.com/aws-backup/latest/devguide/API_CreateBackupVault.html
		Token: BackupVault, Name: generated("name", 50, wordDash), Replacement: newName, Cost: free, HoldsData: true, KeyAtRest: "kmsKeyArn",
		Label: Label{"backup vault", "backup vaults"},
	},
	{Token: BackupPlan, Name: generated("name", 50, wordDash), Replacement: newName, Cost: modelled},
	{Token: BackupSelection, Name: generated("name", 50, wordDash), Replacement: newName, Cost: free},
	{Token: "aws:backup/vaultLockConfiguration:VaultLockConfiguration", Name: noName, Replacement: otherTarget, Cost: free},
}
