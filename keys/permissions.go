package keys

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentName is part of every name of the component.
const componentName = "keys"

// Permissions are what the component needs of the roles that preview and deploy it: by the tag, since KMS
// assigns ids. No key is created: KMS authorizes the tags of a new key as it does those of an existing one,
// and no condition key distinguishes the two. An administrator creates keys and their aliases
// (docs/how-to/set-up-gitlab.md).
// The key of the copies is in the other region, if there is one.
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
func Permissions(copies string) func(policy.Scope) policy.Permissions {
	return func(s policy.Scope) policy.Permissions {
		keys, names := s.ARNs("kms", "key/*"), s.Named(componentName, "kms", "alias/")
		workload := []string{"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
		if copies == "" {
			return permissions(s, keys, names, workload)
		}
		there := s.In(copies)
		keys, names = append(keys, there.ARNs("kms", "key/*")...), append(names, there.Named(componentName, "kms", "alias/")...)
		all := permissions(s, keys, names, append(workload, "kms:Encrypt"))
		// RDS uses the keys of snapshots by grants that AWS Backup creates.
		all.Workload = append(all.Workload, policy.Statement{
			Sid: "KeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: s.GrantsForResources(),
		})
		return all
	}
}

func permissions(s policy.Scope, keys, names []pulumi.StringInput, workload []string) policy.Permissions {
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
			{Sid: "KeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: s.GrantsForResources()},
			{Sid: "KeyNames", Actions: []string{"kms:DeleteAlias"}, Resources: names},
		}},
		Lists:     []string{"kms:ListAliases"},
		Describes: []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"},
		Described: keys,
		// The keys to secrets and files.
		Workload: []policy.Statement{{
			Sid:       "Keys",
			Actions:   workload,
			Resources: keys,
			Condition: s.Tagged(),
		}},
	}
}
