package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployData makes and changes the database, its proxy, the cache and the bucket.
func (s site) deployData() rights {
	return rights{"data", slices.Concat(s.databaseRights(), s.proxyRights(), s.cacheRights(), s.bucketRights())}
}

// deploySecrets makes and changes secrets and the keys to everything.
func (s site) deploySecrets() rights {
	return rights{"secrets", slices.Concat(s.secretRights(), s.keyRights(), s.readingKeySecret())}
}

func (s site) databaseRights() []policy.Statement {
	return []policy.Statement{{
		Sid: "Database",
		Actions: []string{
			"rds:AddTagsToResource", "rds:CreateDBCluster", "rds:CreateDBClusterParameterGroup",
			"rds:CreateDBClusterSnapshot", "rds:CreateDBInstance", "rds:CreateDBParameterGroup",
			"rds:CreateDBSubnetGroup", "rds:DeleteDBCluster", "rds:DeleteDBClusterParameterGroup",
			"rds:DeleteDBInstance", "rds:DeleteDBParameterGroup", "rds:DeleteDBSubnetGroup",
			"rds:DeregisterDBProxyTargets", "rds:ModifyDBCluster", "rds:ModifyDBClusterParameterGroup",
			"rds:ModifyDBInstance", "rds:ModifyDBParameterGroup", "rds:ModifyDBSubnetGroup",
			"rds:RemoveTagsFromResource", "rds:ResetDBClusterParameterGroup",
		},
		// A new cluster names an option group too: the default one, as PostgreSQL has no other.
		Resources: append(s.kinds("rds", roomData, "cluster:", "cluster-pg:", "cluster-snapshot:", "db:", "pg:", "subgrp:"),
			s.arn("rds", "og:default:aurora-postgresql-*")),
	}}
}

// proxyRights are by the tag: proxies have ids that AWS makes up. A proxy's target group is made with it
// and gets no tag.
func (s site) proxyRights() []policy.Statement {
	proxies := []pulumi.StringInput{s.arn("rds", "db-proxy:*")}
	return []policy.Statement{
		{
			// AWS narrows the making of a proxy to no resource.
			Sid:       "NewProxy",
			Actions:   []string{"rds:CreateDBProxy"},
			Resources: policy.Anywhere,
			Condition: s.tagging(),
		},
		{
			Sid:       "TagNewProxy",
			Actions:   []string{"rds:AddTagsToResource"},
			Resources: s.withoutID("rds", "db-proxy:"),
			Condition: s.tagging(),
		},
		{
			Sid: "Proxy",
			Actions: []string{
				"rds:AddTagsToResource", "rds:DeleteDBProxy", "rds:DeregisterDBProxyTargets", "rds:ModifyDBProxy",
				"rds:RemoveTagsFromResource",
			},
			Resources: proxies,
			Condition: s.tagged(),
		},
		{
			Sid: "ProxyTargets",
			Actions: []string{
				"rds:DeregisterDBProxyTargets", "rds:ModifyDBProxyTargetGroup", "rds:RegisterDBProxyTargets",
			},
			Resources: []pulumi.StringInput{s.arn("rds", "target-group:*")},
		},
		s.passing("ProxyRole", "rds.amazonaws.com", roomData+"-proxy"),
	}
}

// cacheRights are by the name. The nodes of a replication group are clusters, which AWS names after it.
func (s site) cacheRights() []policy.Statement {
	newNodes := s.withoutID("elasticache", "cluster:")
	return []policy.Statement{
		{
			Sid: "Cache",
			Actions: []string{
				"elasticache:AddTagsToResource", "elasticache:CreateCacheParameterGroup",
				"elasticache:CreateCacheSubnetGroup", "elasticache:CreateReplicationGroup", "elasticache:CreateUser",
				"elasticache:CreateUserGroup", "elasticache:DecreaseReplicaCount",
				"elasticache:DeleteCacheParameterGroup", "elasticache:DeleteCacheSubnetGroup",
				"elasticache:DeleteReplicationGroup", "elasticache:DeleteUser", "elasticache:DeleteUserGroup",
				"elasticache:IncreaseReplicaCount", "elasticache:ModifyCacheParameterGroup",
				"elasticache:ModifyCacheSubnetGroup", "elasticache:ModifyReplicationGroup",
				"elasticache:ModifyReplicationGroupShardConfiguration", "elasticache:ModifyUser",
				"elasticache:ModifyUserGroup", "elasticache:RemoveTagsFromResource",
			},
			Resources: s.kinds("elasticache", roomData,
				"cluster:", "parametergroup:", "replicationgroup:", "subnetgroup:", "user:", "usergroup:"),
		},
		{
			// A new group's nodes have no names yet. The group itself has to be the stack's. A node that exists
			// is named where it shall become the group's first one, so it has to be the stack's, too.
			// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/IAM.ConditionKeys.html
			Sid:       "NewCacheNodes",
			Actions:   []string{"elasticache:CreateReplicationGroup"},
			Resources: newNodes,
		},
		{
			Sid:       "TagNewCacheNodes",
			Actions:   []string{"elasticache:AddTagsToResource"},
			Resources: newNodes,
			Condition: s.tagging(),
		},
		{
			// ElastiCache's role for its service makes the interfaces. AWS's reference names the right as the
			// caller's all the same. Subnet and security group have to be the stack's, see "Change".
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html
			Sid:       "CacheInterfaces",
			Actions:   []string{"ec2:CreateNetworkInterface"},
			Resources: s.ec2("network-interface"),
		},
		{
			// The same holds for the deletion. The interfaces have no tag, so a service has to make the call.
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-viaawsservice
			Sid:       "CacheInterfacesDeleted",
			Actions:   []string{"ec2:DeleteNetworkInterface"},
			Resources: s.ec2("network-interface"),
			Condition: map[string]any{"Bool": map[string]any{"aws:ViaAWSService": "true"}},
		},
	}
}

func (s site) bucketRights() []policy.Statement {
	return []policy.Statement{{
		Sid: "Bucket",
		Actions: []string{
			"s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketCORS", "s3:PutBucketLogging",
			"s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
			"s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
			"s3:TagResource", "s3:UntagResource",
		},
		Resources: s.buckets(),
	}}
}

// secretRights make secrets and have them rotated. A deployment neither reads nor writes the value of a
// secret that exists. CreateSecret takes a value too, and no condition key tells that it has one: a
// deployment could create a secret with a value of its own. UpdateSecret, which the provider calls for
// another description or key, takes a value and is therefore not granted: an administrator makes that change.
func (s site) secretRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
				"secretsmanager:RotateSecret", "secretsmanager:TagResource", "secretsmanager:UntagResource",
			},
			Resources: s.names("secretsmanager", "secret:", roomData),
		},
		{
			// RDS makes the master user's secret in the caller's name. No caller could make one so named
			// without RDS: a name of one's own has no exclamation mark.
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
			Sid:       "NewMasterSecret",
			Actions:   []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
			Resources: []pulumi.StringInput{s.masterSecrets()},
		},
		{
			Sid:       "MasterSecret",
			Actions:   []string{"secretsmanager:RotateSecret"},
			Resources: []pulumi.StringInput{s.masterSecrets()},
			Condition: s.ofOurCluster(),
		},
	}
}

// keyRights are by the tag. No key is created: KMS authorises the tags of a new key as it does those of one
// that exists, and nothing tells the two apart. An administrator creates keys and their aliases (docs/how-to/set-up-gitlab.md).
// https://docs.aws.amazon.com/kms/latest/developerguide/tag-permissions.html
func (s site) keyRights() []policy.Statement {
	keys := []pulumi.StringInput{s.arn("kms", "key/*")}
	grant := s.tagged()
	grant["Bool"] = map[string]any{"kms:GrantIsForAWSResource": "true"}
	return []policy.Statement{
		{
			Sid: "Keys",
			Actions: []string{
				"kms:Decrypt", "kms:DeleteAlias", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
				"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource",
				"kms:UpdateKeyDescription",
			},
			Resources: keys,
			Condition: s.tagged(),
		},
		// RDS and ElastiCache keep using the key of what they encrypt, and functions decrypt their environment;
		// nobody else is given the use of it.
		{Sid: "KeysForAWS", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: grant},
		{
			Sid:       "KeyNames",
			Actions:   []string{"kms:DeleteAlias"},
			Resources: s.names("kms", "alias/", roomKeys),
		},
	}
}
