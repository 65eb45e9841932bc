package types

// Types of Secrets Manager.
const (
	Secret         = "aws:secretsmanager/secret:Secret"
	SecretRotation = "aws:secretsmanager/secretRotation:SecretRotation"
)

var secretsManagerTypes = []Type{
	{
		Token: Secret, Name: generated("name", 512, `^[A-Za-z0-9/_+=.@-]+$`), Replacement: newName,
		Cost: monthly("secrets and keys", "secrets", "secret.month"), HoldsData: true, KeyAtRest: "kmsKeyId", Label: Label{"secret", "secrets"},
	},
	{Token: SecretRotation, Name: noName, Replacement: otherTarget, Cost: free},
}
