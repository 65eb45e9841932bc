package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// abandonedUploadDays is when the parts of an upload that nobody finished are thrown away.
const abandonedUploadDays = 7

// bucket registers the bucket of large files: encrypted with the room's key, versioned, private,
// reachable by TLS only, and rid of what nobody needs any more.
func (d *Data) bucket(ctx *pulumi.Context, name string, c Config, key *kms.Key) (*s3.BucketV2, error) {
	bucket, err := s3.NewBucketV2(ctx, name+"-files", &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(c.Bucket.ForceDestroy),
	}, pulumi.Parent(d), pulumi.Protect(c.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the bucket: %w", err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, name+"-files", &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("turn on the bucket's versions: %w", err)
	}
	if err := d.bucketEncryption(ctx, name, bucket, key); err != nil {
		return nil, err
	}
	if err := d.bucketAccess(ctx, name, bucket); err != nil {
		return nil, err
	}
	return bucket, d.bucketLifecycle(ctx, name, c.Bucket, bucket, versioning)
}

// bucketEncryption uses a bucket key: one call to KMS for many objects instead of one each.
func (d *Data) bucketEncryption(ctx *pulumi.Context, name string, bucket *s3.BucketV2, key *kms.Key) error {
	_, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name+"-files",
		&s3.BucketServerSideEncryptionConfigurationV2Args{
			Bucket: bucket.ID(),
			Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
				s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
					ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
						SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key.Arn,
					},
					BucketKeyEnabled: pulumi.Bool(true),
				},
			},
		}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("set the bucket's encryption: %w", err)
	}
	return nil
}

// bucketAccess leaves policies alone to decide who gets at the bucket, never access lists, never
// the public, and never without TLS.
func (d *Data) bucketAccess(ctx *pulumi.Context, name string, bucket *s3.BucketV2) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name+"-files", &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("block public access to the bucket: %w", err)
	}
	_, err = s3.NewBucketOwnershipControls(ctx, name+"-files", &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("set the bucket's ownership: %w", err)
	}
	// S3 refuses several changes of one bucket's access at the same time, so the policy waits.
	_, err = s3.NewBucketPolicy(ctx, name+"-files", &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: policy.Document(policy.Statement{
			Sid: "TLSOnly", Deny: true,
			Principal: map[string]any{"AWS": "*"},
			Actions:   []string{"s3:*"},
			Resources: []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
			Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		}),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return fmt.Errorf("register the bucket's policy: %w", err)
	}
	return nil
}

func (d *Data) bucketLifecycle(ctx *pulumi.Context, name string, c Bucket, bucket *s3.BucketV2, versioning *s3.BucketVersioningV2) error {
	everything := s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	_, err := s3.NewBucketLifecycleConfigurationV2(ctx, name+"-files", &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketLifecycleConfigurationV2RuleArray{
			s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("abandoned-uploads"), Status: pulumi.String("Enabled"), Filter: everything,
				AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
					DaysAfterInitiation: pulumi.Int(abandonedUploadDays),
				},
			},
			s3.BucketLifecycleConfigurationV2RuleArgs{
				Id: pulumi.String("old-versions"), Status: pulumi.String("Enabled"), Filter: everything,
				NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
					NoncurrentDays: pulumi.Int(c.NoncurrentDays),
				},
			},
		},
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{versioning}))
	if err != nil {
		return fmt.Errorf("register the bucket's lifecycle: %w", err)
	}
	return nil
}
