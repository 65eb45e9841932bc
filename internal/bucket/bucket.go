// Package bucket registers a bucket as every part of the system wants it: encrypted with a key of
// ours, versioned, private, reachable by TLS only, and rid of what nobody needs any more.
package bucket

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// abandonedUploadDays is when the parts of an upload that nobody finished are thrown away.
const abandonedUploadDays = 7

// Args are what buckets differ in.
type Args struct {
	// KeyARN is the KMS key that encrypts what is in the bucket.
	KeyARN pulumi.StringInput
	// NoncurrentDays is how long earlier versions are kept, in days.
	NoncurrentDays int
	// ForceDestroy deletes the bucket even with something in it.
	ForceDestroy bool
	// Protect refuses to delete or replace the bucket.
	Protect bool
}

// New registers the bucket and its settings, all with that name, as children of parent.
func New(ctx *pulumi.Context, name string, args Args, parent pulumi.Resource) (*s3.BucketV2, error) {
	child := pulumi.Parent(parent)
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
	}, child, pulumi.Protect(args.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the bucket %s: %w", name, err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, child)
	if err != nil {
		return nil, fmt.Errorf("turn on versions of %s: %w", name, err)
	}
	if err := encrypt(ctx, name, args.KeyARN, bucket, child); err != nil {
		return nil, err
	}
	if err := restrict(ctx, name, bucket, child); err != nil {
		return nil, err
	}
	return bucket, expire(ctx, name, args.NoncurrentDays, bucket, versioning, child)
}

// encrypt uses a bucket key: one call to KMS for many objects instead of one each.
func encrypt(ctx *pulumi.Context, name string, key pulumi.StringInput, bucket *s3.BucketV2, child pulumi.ResourceOption) error {
	_, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules: s3.BucketServerSideEncryptionConfigurationV2RuleArray{
			s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
				ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
					SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key,
				},
				BucketKeyEnabled: pulumi.Bool(true),
			},
		},
	}, child)
	if err != nil {
		return fmt.Errorf("set the encryption of %s: %w", name, err)
	}
	return nil
}

// restrict leaves policies alone to decide who gets at the bucket, never access lists, never the
// public, and never without TLS.
func restrict(ctx *pulumi.Context, name string, bucket *s3.BucketV2, child pulumi.ResourceOption) error {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, child)
	if err != nil {
		return fmt.Errorf("block public access to %s: %w", name, err)
	}
	_, err = s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, child)
	if err != nil {
		return fmt.Errorf("set the ownership of %s: %w", name, err)
	}
	// S3 refuses several changes of one bucket's access at the same time, so the policy waits.
	_, err = s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: policy.Document(policy.Statement{
			Sid: "TLSOnly", Deny: true,
			Principal: map[string]any{"AWS": "*"},
			Actions:   []string{"s3:*"},
			Resources: []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
			Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		}),
	}, child, pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return fmt.Errorf("register the policy of %s: %w", name, err)
	}
	return nil
}

func expire(ctx *pulumi.Context, name string, days int, bucket *s3.BucketV2, versioning *s3.BucketVersioningV2, child pulumi.ResourceOption) error {
	everything := s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	_, err := s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
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
					NoncurrentDays: pulumi.Int(days),
				},
			},
		},
	}, child, pulumi.DependsOn([]pulumi.Resource{versioning}))
	if err != nil {
		return fmt.Errorf("register the lifecycle of %s: %w", name, err)
	}
	return nil
}
