package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/bucket"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// ReplicationRule is the id of the rule that replicates files, by which S3 publishes metrics.
const ReplicationRule = "copies"

// replicate registers the replication of every new file and its tags. A deleted file stays in the copy: delete
// markers are not replicated, and S3 never replicates the deletion of a version.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-what-is-isnot-replicated.html
func (d *Data) replicate(ctx *pulumi.Context, name string, args Args, location account.Location, files *bucket.Bucket, there *elsewhere) error {
	role, rights, err := d.replicationRole(ctx, name+"-replication", args, location, files, there)
	if err != nil {
		return err
	}
	_, err = s3.NewBucketReplicationConfig(ctx, name+"-files", &s3.BucketReplicationConfigArgs{
		Bucket: files.ID(),
		Role:   role.Arn,
		Rules: s3.BucketReplicationConfigRuleArray{s3.BucketReplicationConfigRuleArgs{
			Id:                      pulumi.String(ReplicationRule),
			Status:                  pulumi.String("Enabled"),
			Priority:                pulumi.Int(1),
			Filter:                  s3.BucketReplicationConfigRuleFilterArgs{Prefix: pulumi.String("")},
			DeleteMarkerReplication: s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs{Status: pulumi.String("Disabled")},
			SourceSelectionCriteria: s3.BucketReplicationConfigRuleSourceSelectionCriteriaArgs{
				SseKmsEncryptedObjects: s3.BucketReplicationConfigRuleSourceSelectionCriteriaSseKmsEncryptedObjectsArgs{Status: pulumi.String("Enabled")},
			},
			Destination: s3.BucketReplicationConfigRuleDestinationArgs{
				Bucket:                  there.files.Arn,
				EncryptionConfiguration: s3.BucketReplicationConfigRuleDestinationEncryptionConfigurationArgs{ReplicaKmsKeyId: args.Copies.KeyARN},
				Metrics:                 s3.BucketReplicationConfigRuleDestinationMetricsArgs{Status: pulumi.String("Enabled")},
			},
		}},
		// S3 rejects a replication between buckets without versions.
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{files.Versioning, there.files.Versioning, rights}))
	if err != nil {
		return fmt.Errorf("register the replication of files: %w", err)
	}
	return nil
}

// replicationRole allows S3 to read every version of the files, and to write replicas, each with its key through
// S3 only. S3 Batch Operations uses it for the files that are older than the replication.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/setting-repl-config-perm-overview.html
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/s3-batch-replication-policies.html
func (d *Data) replicationRole(ctx *pulumi.Context, name string, args Args, location account.Location, files *bucket.Bucket, there *elsewhere) (*iam.Role, *iam.RolePolicy, error) {
	return d.serviceRole(ctx, name, "the replication", &iam.RoleArgs{
		Description: pulumi.String("Copies files to another region for S3"),
		// AWS documents no condition key that S3 sends, and shows this policy.
		AssumeRolePolicy:    policy.Trust("s3.amazonaws.com", "batchoperations.s3.amazonaws.com"),
		PermissionsBoundary: args.PermissionsBoundary,
	},
		policy.Statement{Sid: "Source", Actions: sourceBucketActions, Resources: []pulumi.StringInput{files.Arn}},
		policy.Statement{Sid: "SourceFiles", Actions: sourceFileActions, Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", files.Arn)}},
		policy.Statement{Sid: "Replicas", Actions: replicaActions, Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", there.files.Arn)}},
		throughS3("SourceKey", "kms:Decrypt", args.DataKeyARN, location.Region, files.Arn),
		throughS3("ReplicaKey", "kms:Encrypt", args.Copies.KeyARN, args.Config.Copies.Region, there.files.Arn))
}

// What the replication does. Batch Replication lists the files by an inventory and initiates the replication of each.
var (
	sourceBucketActions = []string{"s3:GetReplicationConfiguration", "s3:ListBucket", "s3:PutInventoryConfiguration"}
	sourceFileActions   = []string{
		"s3:GetObjectVersionAcl", "s3:GetObjectVersionForReplication", "s3:GetObjectVersionTagging", "s3:InitiateReplication",
	}
	replicaActions = []string{"s3:ReplicateObject", "s3:ReplicateTags"}
)

// throughS3 allows the use of a key for the objects of one bucket. With a bucket key the encryption context is the
// bucket's ARN.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
func throughS3(sid, action string, key pulumi.StringInput, region string, bucketARN pulumi.StringOutput) policy.Statement {
	return policy.Statement{
		Sid: sid, Actions: []string{action}, Resources: []pulumi.StringInput{key},
		Condition: map[string]any{"StringEquals": map[string]any{
			"kms:ViaService": "s3." + region + ".amazonaws.com", "kms:EncryptionContext:aws:s3:arn": bucketARN,
		}},
	}
}
