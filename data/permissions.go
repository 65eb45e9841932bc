package data

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentName is part of every name of the component.
const componentName = "data"

// Permissions are what the component needs of the roles that preview and deploy it, and what functions and the
// proxy may do with its resources. Secrets are described and never read by a deployment.
func Permissions(c Config) func(policy.Scope) policy.Permissions {
	return func(s policy.Scope) policy.Permissions {
		if c.Copies.Region == "" {
			return permissions(s)
		}
		return policy.Compose(permissions(s), copiesPermissions(s, c.Copies.Region))
	}
}

func permissions(s policy.Scope) policy.Permissions {
	// RDS names log groups after the stack's cluster and proxy.
	logs := s.Named(componentName, "logs", "log-group:", "log-group:/aws/rds/cluster/", "log-group:/aws/rds/proxy/")
	return policy.Permissions{
		Deploy: policy.Managed{
			Data:    slices.Concat(databasePermissions(s), proxyPermissions(s), cachePermissions(s), bucketPermissions(s)),
			Secrets: secretPermissions(s),
		},
		Lists: []string{
			"elasticache:DescribeCacheClusters", "elasticache:DescribeCacheEngineVersions",
			"elasticache:DescribeCacheParameterGroups", "elasticache:DescribeCacheParameters",
			"elasticache:DescribeCacheSubnetGroups", "elasticache:DescribeReplicationGroups",
			"elasticache:DescribeReservedCacheNodesOfferings", "elasticache:DescribeUserGroups",
			"elasticache:DescribeUsers", "elasticache:ListTagsForResource", "logs:DescribeLogGroups",
			"rds:DescribeAccountAttributes", "rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters",
			"rds:DescribeDBClusters", "rds:DescribeDBEngineVersions", "rds:DescribeDBInstances",
			"rds:DescribeDBParameterGroups", "rds:DescribeDBParameters",
			"rds:DescribeDBProxies", "rds:DescribeDBProxyTargetGroups",
			"rds:DescribeDBProxyTargets", "rds:DescribeDBSubnetGroups", "rds:DescribeGlobalClusters",
			"rds:DescribeOrderableDBInstanceOptions", "rds:ListTagsForResource", "secretsmanager:GetRandomPassword",
		},
		Describes:    []string{"logs:ListTagsForResource", "secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"},
		Described:    append(s.Named(componentName, "secretsmanager", "secret:"), logs...),
		Reads:        []policy.Statement{bucketReads(s)},
		PreviewLists: []string{"secretsmanager:GetRandomPassword"},
		LogGroups:    logs,
		Roles:        s.Roles(componentName),
		ServiceRoles: []string{"elasticache.amazonaws.com", "rds.amazonaws.com"},
		Workload:     workloadPermissions(s),
	}
}

func databasePermissions(s policy.Scope) []policy.Statement {
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
		Resources: append(
			s.Named(componentName, "rds", "cluster:", "cluster-pg:", "cluster-snapshot:", "db:", "pg:", "subgrp:"),
			s.ARNs("rds", "og:default:aurora-postgresql-*")...),
	}, restorePermissions(s)}
}

// restorePermissions create a cluster from the backups of the stack's clusters, and from snapshots that have the
// component's name: automated ones, which RDS names after the cluster, and those that were created or copied under
// such a name. RDS authorizes a restore on the new cluster, its source and what the new cluster uses.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
func restorePermissions(s policy.Scope) policy.Statement {
	return policy.Statement{
		Sid:     "Restore",
		Actions: []string{"rds:RestoreDBClusterFromSnapshot", "rds:RestoreDBClusterToPointInTime"},
		Resources: append(
			s.Named(componentName, "rds", "cluster:", "cluster-pg:", "cluster-snapshot:", "cluster-snapshot:rds:", "subgrp:"),
			s.ARNs("rds", "og:default:aurora-postgresql-*")...),
	}
}

// proxyPermissions are by the tag: AWS assigns the ids of proxies. A proxy's target group is created with it
// and gets no tag.
func proxyPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			// AWS narrows the creation of a proxy to no resource.
			Sid:       "NewProxy",
			Actions:   []string{"rds:CreateDBProxy"},
			Resources: policy.Anywhere,
			Condition: s.Tagging(),
		},
		{
			Sid:       "TagNewProxy",
			Actions:   []string{"rds:AddTagsToResource"},
			Resources: s.WithoutID("rds", "db-proxy:"),
			Condition: s.Tagging(),
		},
		{
			Sid: "Proxy",
			Actions: []string{
				"rds:AddTagsToResource", "rds:DeleteDBProxy", "rds:DeregisterDBProxyTargets", "rds:ModifyDBProxy",
				"rds:RemoveTagsFromResource",
			},
			Resources: s.ARNs("rds", "db-proxy:*"),
			Condition: s.Tagged(),
		},
		{
			Sid: "ProxyTargets",
			Actions: []string{
				"rds:DeregisterDBProxyTargets", "rds:ModifyDBProxyTargetGroup", "rds:RegisterDBProxyTargets",
			},
			Resources: s.ARNs("rds", "target-group:*"),
		},
		s.PassRole("ProxyRole", "rds.amazonaws.com", componentName+"-proxy"),
	}
}

// cachePermissions are by the name. The nodes of a replication group are clusters, which AWS names after it.
func cachePermissions(s policy.Scope) []policy.Statement {
	return append([]policy.Statement{
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
			Resources: s.Named(componentName, "elasticache",
				"cluster:", "parametergroup:", "replicationgroup:", "subnetgroup:", "user:", "usergroup:"),
		},
	}, cacheNodePermissions(s)...)
}

// cacheNodePermissions are what AWS requires in addition for the nodes of a replication group.
func cacheNodePermissions(s policy.Scope) []policy.Statement {
	newNodes, interfaces := s.WithoutID("elasticache", "cluster:"), s.ARNs("ec2", "network-interface/*")
	return []policy.Statement{
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
			Condition: s.Tagging(),
		},
		{
			// ElastiCache's service-linked role creates the interfaces. AWS's reference lists the permission as
			// the caller's all the same. Subnet and security group have to be the stack's (network/permissions.go).
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticache.html
			Sid:       "CacheInterfaces",
			Actions:   []string{"ec2:CreateNetworkInterface"},
			Resources: interfaces,
		},
		{
			// The same holds for the deletion. The interfaces have no tag, so a service has to make the call.
			// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-viaawsservice
			Sid:       "CacheInterfacesDeleted",
			Actions:   []string{"ec2:DeleteNetworkInterface"},
			Resources: interfaces,
			Condition: map[string]any{"Bool": map[string]any{"aws:ViaAWSService": "true"}},
		},
	}
}

func bucketPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{{
		Sid: "Bucket",
		Actions: []string{
			"s3:CreateBucket", "s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:PutBucketCORS", "s3:PutBucketLogging",
			"s3:PutBucketOwnershipControls", "s3:PutBucketPolicy", "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging",
			"s3:PutBucketVersioning", "s3:PutEncryptionConfiguration", "s3:PutLifecycleConfiguration",
			"s3:TagResource", "s3:UntagResource",
		},
		Resources: s.Buckets(componentName),
	}}
}

// bucketReads is about the configuration of buckets.
func bucketReads(s policy.Scope) policy.Statement {
	return policy.Statement{
		Sid: "Bucket",
		Actions: []string{
			"s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
			"s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
			"s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
			"s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
			"s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
			"s3:ListTagsForResource",
		},
		Resources: s.Buckets(componentName),
	}
}

// secretPermissions create secrets and have them rotated. A deployment neither reads nor writes the value of a
// secret that exists. CreateSecret can set a value too, and no condition key shows whether it does: a
// deployment could create a secret with a value of its own. UpdateSecret, which the provider calls for
// another description or key, can set a value and is therefore not granted: an administrator makes that change.
func secretPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:CancelRotateSecret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret",
				"secretsmanager:RotateSecret", "secretsmanager:TagResource", "secretsmanager:UntagResource",
			},
			Resources: s.Named(componentName, "secretsmanager", "secret:"),
		},
		{
			// RDS creates the master user's secret in the caller's name. No caller could create one so named
			// without RDS: other names have no exclamation mark.
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
			Sid:       "NewMasterSecret",
			Actions:   []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
			Resources: masterSecrets(s),
		},
		{
			Sid:       "MasterSecret",
			Actions:   []string{"secretsmanager:RotateSecret"},
			Resources: masterSecrets(s),
			Condition: ofOwnCluster(s),
		},
	}
}

// workloadPermissions are about secrets, the cache's users and files.
func workloadPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Secrets",
			Actions: []string{
				"secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue",
				"secretsmanager:UpdateSecretVersionStage",
			},
			Resources: s.Named(componentName, "secretsmanager", "secret:"),
		},
		{
			Sid:       "MasterSecret",
			Actions:   []string{"secretsmanager:GetSecretValue"},
			Resources: masterSecrets(s),
			Condition: ofOwnCluster(s),
		},
		{
			Sid:       "CacheUsers",
			Actions:   []string{"elasticache:DescribeUsers", "elasticache:ModifyUser"},
			Resources: s.Named(componentName, "elasticache", "user:"),
		},
		{
			Sid: "Files",
			Actions: []string{
				"s3:AbortMultipartUpload", "s3:GetObject", "s3:ListBucket", "s3:ListMultipartUploadParts", "s3:PutObject",
			},
			Resources: append(s.Buckets(componentName), s.Objects(componentName)...),
		},
	}
}

// masterSecrets are those that RDS creates and names; it tags each with its cluster.
func masterSecrets(s policy.Scope) []pulumi.StringInput {
	return s.ARNs("secretsmanager", "secret:rds!cluster-*")
}

// ofOwnCluster narrows a statement to the master user's secret of the stack's own cluster. Only AWS sets or
// changes a tag whose key begins with "aws:".
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
func ofOwnCluster(s policy.Scope) map[string]any {
	return map[string]any{"StringLike": map[string]any{
		"aws:ResourceTag/aws:rds:primaryDBClusterArn": s.Named(componentName, "rds", "cluster:"),
	}}
}
