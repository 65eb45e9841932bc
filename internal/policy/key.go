package policy

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Anywhere is the resource of actions that AWS cannot narrow to one, and, in the policy of a key or
// a topic, that key or topic itself.
var Anywhere = []pulumi.StringInput{pulumi.String("*")}

// KeyOwner is the statement that every key policy of this program starts with: the account (its root ARN), and
// through it every principal that IAM allows, administers and uses the key. The actions are listed so that no
// document holds a wildcard.
func KeyOwner(rootARN string) Statement {
	return Statement{
		Sid:       "Account",
		Principal: map[string]any{"AWS": rootARN},
		Actions: []string{
			"kms:CancelKeyDeletion", "kms:CreateAlias", "kms:CreateGrant", "kms:Decrypt", "kms:DeleteAlias",
			"kms:DescribeKey", "kms:DisableKey", "kms:DisableKeyRotation", "kms:EnableKey",
			"kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
			"kms:GenerateDataKeyWithoutPlaintext", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus",
			"kms:ListGrants", "kms:ListKeyPolicies", "kms:ListKeyRotations", "kms:ListResourceTags",
			"kms:PutKeyPolicy", "kms:ReEncryptFrom", "kms:ReEncryptTo", "kms:RetireGrant",
			"kms:RevokeGrant", "kms:RotateKeyOnDemand", "kms:ScheduleKeyDeletion", "kms:TagResource",
			"kms:UntagResource", "kms:UpdateAlias", "kms:UpdateKeyDescription",
		},
		Resources: Anywhere,
	}
}
