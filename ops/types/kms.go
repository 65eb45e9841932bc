package types

// Key is KMS's type of keys.
const Key = "aws:kms/key:Key"

var kmsTypes = []Type{
	{
		Token: Key, Name: noName, Replacement: newName, Cost: monthly("secrets and keys", "keys", "key.month"),
		HoldsData: true, Policy: "policy", Label: Label{"KMS key", "KMS keys"},
	},
	{
		Token: "aws:kms/alias:Alias", Name: fixed("name", 256, `^alias/[A-Za-z0-9:/_-]+$`), Replacement: oldGoes, Cost: free,
		NothingAtRest: "a name",
	},
}
