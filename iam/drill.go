package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newDrillRole creates the role of `ops drill`. Of clusters and instances it creates and deletes those of a drill's name
// alone, and it invokes the function that compares.
func newDrillRole(ctx *pulumi.Context, b builder, t trust) (*iam.Role, error) {
	compare := policy.Statement{
		Sid: "Compare", Actions: []string{"lambda:InvokeFunction"},
		Resources: b.ARNs("lambda", "function:"+b.Prefix()+"-"+componentAPI+"-"+contract.HandlerDrill+"-*"),
	}
	return newSmallRole(ctx, b, "drill", &iam.RoleArgs{
		Description:        pulumi.String("Restores copies of the database of " + b.Prefix() + ", compares and deletes them"),
		AssumeRolePolicy:   t.document(b.config.deploys),
		MaxSessionDuration: pulumi.Int(sessionSeconds),
	}, slices.Concat(b.drillRestores(), b.drillClusters(), b.drillKeys(), []policy.Statement{compare}, b.readingState().statements)...)
}

// drillRestores restore the stack's clusters and snapshots into clusters of a drill's name. The
// statement for sources requires the stack's tag, which a new cluster lacks, so it allows no cluster of another name.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonrds.html
func (b builder) drillRestores() []policy.Statement {
	return []policy.Statement{
		{
			// AWS authorizes them before a name is known, or narrows them to no resource.
			Sid: "Lists", Resources: policy.Anywhere,
			Actions: []string{"rds:DescribeDBClusterSnapshots", "rds:DescribeDBClusters", "rds:DescribeDBInstances"},
		},
		{
			Sid: "Restore", Actions: []string{"rds:RestoreDBClusterFromSnapshot", "rds:RestoreDBClusterToPointInTime"},
			Resources: slices.Concat(b.drills("cluster:"),
				b.Named(componentData, "rds", "cluster-pg:", "cluster-snapshot:", "cluster-snapshot:rds:", "subgrp:"),
				b.ARNs("rds", "og:default:aurora-postgresql-*")),
		},
		{
			Sid: "RestoreFrom", Actions: []string{"rds:RestoreDBClusterToPointInTime"},
			Resources: b.ARNs("rds", "cluster:"+b.Prefix()+"-"+componentData+"-cluster-*"), Condition: b.Tagged(),
		},
	}
}

// drills are resources of a drill's name.
func (b builder) drills(kinds ...string) []pulumi.StringInput {
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = kind + contract.DrillPrefix(b.Prefix()) + "*"
	}
	return b.ARNs("rds", names...)
}

// drillClusters are about restored clusters, their instances and the secret of their master user, which RDS creates in
// the caller's name. No password is chosen.
func (b builder) drillClusters() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Drill", Resources: b.drills("cluster:", "db:"),
			// A change of a cluster is one of its instances too.
			Actions: []string{"rds:AddTagsToResource", "rds:DeleteDBCluster", "rds:DeleteDBInstance", "rds:ModifyDBInstance"},
		},
		{
			Sid: "NewInstance", Actions: []string{"rds:CreateDBInstance"},
			Resources: append(b.drills("cluster:", "db:"), b.Named(componentData, "rds", "pg:")...),
		},
		{
			Sid: "ManagePassword", Actions: []string{"rds:ModifyDBCluster"}, Resources: b.drills("cluster:"),
			Condition: map[string]any{"Bool": map[string]any{"rds:ManageMasterUserPassword": "true"}},
		},
		{
			// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
			Sid: "NewMasterSecret", Actions: []string{"secretsmanager:CreateSecret", "secretsmanager:TagResource"},
			Resources: b.ARNs("secretsmanager", "secret:rds!cluster-*"),
		},
		{
			Sid: "MasterSecret", Actions: []string{"secretsmanager:RotateSecret"},
			Resources: b.ARNs("secretsmanager", "secret:rds!cluster-*"),
			Condition: map[string]any{"StringLike": map[string]any{"aws:ResourceTag/aws:rds:primaryDBClusterArn": b.drills("cluster:")}},
		},
	}
}

// drillKeys let RDS encrypt a restored cluster, and Secrets Manager its secret, with the stack's keys.
func (b builder) drillKeys() []policy.Statement {
	secret := b.Tagged()
	secret["StringEquals"].(map[string]any)["kms:ViaService"] = "secretsmanager." + b.Region + ".amazonaws.com"
	keys := b.ARNs("kms", "key/*")
	return []policy.Statement{
		{Sid: "Keys", Actions: []string{"kms:DescribeKey"}, Resources: keys, Condition: b.Tagged()},
		{Sid: "KeyGrants", Actions: []string{"kms:CreateGrant"}, Resources: keys, Condition: b.GrantsForResources()},
		{Sid: "SecretKey", Actions: []string{"kms:Decrypt", "kms:GenerateDataKey"}, Resources: keys, Condition: secret},
	}
}
