package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployData makes and changes the database, its proxy, the cache, the bucket, secrets and keys.
func (s site) deployData() rights {
	return rights{"data", slices.Concat(s.databaseRights(), s.cacheRights(), s.bucketRights(), s.secretRights())}
}

func (s site) databaseRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Database",
			Actions: []string{
				"rds:AddTagsToResource", "rds:CreateDBCluster", "rds:CreateDBClusterParameterGroup",
				"rds:CreateDBClusterSnapshot", "rds:CreateDBInstance", "rds:CreateDBParameterGroup",
				"rds:CreateDBProxy", "rds:CreateDBProxyEndpoint", "rds:CreateDBSubnetGroup", "rds:DeleteDBCluster",
				"rds:DeleteDBClusterParameterGroup", "rds:DeleteDBInstance", "rds:DeleteDBParameterGroup",
				"rds:DeleteDBProxy", "rds:DeleteDBProxyEndpoint", "rds:DeleteDBSubnetGroup",
				"rds:DeregisterDBProxyTargets", "rds:ModifyDBCluster", "rds:ModifyDBClusterParameterGroup",
				"rds:ModifyDBInstance", "rds:ModifyDBParameterGroup", "rds:ModifyDBProxy",
				"rds:ModifyDBProxyEndpoint", "rds:ModifyDBProxyTargetGroup", "rds:ModifyDBSubnetGroup",
				"rds:RegisterDBProxyTargets", "rds:RemoveTagsFromResource",
			},
			// Proxies, their endpoints and target groups have ids that AWS makes up.
			Resources: append(s.names("rds", "cluster:", "cluster-pg:", "cluster-snapshot:", "db:", "pg:", "subgrp:"),
				s.arn("rds", "db-proxy:*"), s.arn("rds", "db-proxy-endpoint:*"), s.arn("rds", "target-group:*")),
		},
		{
			Sid:       "ProxyRole",
			Actions:   []string{"iam:PassRole"},
			Resources: []pulumi.StringInput{s.global("iam", "role/"+s.prefix+"-data-*")},
			Condition: passedTo("rds.amazonaws.com"),
		},
	}
}

func (s site) cacheRights() []policy.Statement {
	return []policy.Statement{{
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
		Resources: s.names("elasticache", "parametergroup:", "replicationgroup:", "subnetgroup:", "user:", "usergroup:"),
	}}
}

func (s site) bucketRights() []policy.Statement {
	return []policy.Statement{{
		Sid: "Bucket",
		Actions: []string{
			"s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketLogging", "s3:PutBucketOwnershipControls",
			"s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
			"s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
			"s3:TagResource", "s3:UntagResource",
		},
		Resources: s.buckets(),
	}}
}

func (s site) secretRights() []policy.Statement {
	tagged := map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/environment": s.stack}}
	tagging := map[string]any{"StringEquals": map[string]any{"aws:RequestTag/environment": s.stack}}
	return []policy.Statement{
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
				"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue", "secretsmanager:RotateSecret",
				"secretsmanager:TagResource", "secretsmanager:UntagResource",
				"secretsmanager:UpdateSecret",
			},
			Resources: s.names("secretsmanager", "secret:"),
		},
		{
			Sid:       "NewKeys",
			Actions:   []string{"kms:CreateKey"},
			Resources: policy.Anywhere,
			Condition: tagging,
		},
		{
			Sid:       "TagNewKeys",
			Actions:   []string{"kms:TagResource"},
			Resources: []pulumi.StringInput{s.arn("kms", "key/*")},
			Condition: s.notYetTagged(),
		},
		{
			Sid: "Keys",
			Actions: []string{
				"kms:CreateGrant", "kms:Decrypt", "kms:EnableKeyRotation", "kms:Encrypt", "kms:GenerateDataKey",
				"kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:UpdateKeyDescription",
			},
			Resources: []pulumi.StringInput{s.arn("kms", "key/*")},
			Condition: tagged,
		},
		{
			Sid:       "KeyNames",
			Actions:   []string{"kms:CreateAlias", "kms:DeleteAlias", "kms:UpdateAlias"},
			Resources: append(s.names("kms", "alias/"), s.arn("kms", "key/*")),
		},
	}
}
