package keys

import "github.com/didomi/serverless-api/internal/policy"

// componentName is part of every name of the component.
const componentName = "keys"

// Permissions are what the component needs of the roles that preview and deploy it: by the tag, since KMS
// assigns ids. No key is created: KMS authorizes the tags of a new key as it does those of an existing one,
// and no condition key distinguishes the two. An administrator creates keys and their aliases
// (docs/how-to/set-up-gitlab.md).
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
func Permissions(s policy.Scope) policy.Permissions {
	keys := s.ARNs("kms", "key/*")
	grant := s.Tagged()
	grant["Bool"] = map[string]any{"kms:GrantIsForAWSResource": "true"}
	return policy.Permissions{
		Deploy: policy.Managed{Secrets: []policy.Statement{
			{
				Sid: "Keys",
				Actions: []string{
					"kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
					"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
					"kms:UpdateKeyDescription",
				},
				Resources: keys,
				Condition: s.Tagged(),
			},
			// RDS and ElastiCache keep using the key of what they encrypt, and functions decrypt their environment;
			// no other principal gets a grant.
			{Sid: "KeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: grant},
			{Sid: "KeyNames", Actions: []string{"kms:DeleteAlias"}, Resources: s.Named(componentName, "kms", "alias/")},
		}},
		Lists:     []string{"kms:ListAliases"},
		Describes: []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
		Described: keys,
		// The keys to secrets and files.
		Workload: []policy.Statement{{
			Sid:       "Keys",
			Actions:   []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"},
			Resources: keys,
			Condition: s.Tagged(),
		}},
	}
}
