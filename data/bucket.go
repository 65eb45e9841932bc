package data

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bucket registers the bucket of large files: encrypted with the room's key, versioned, private,
// reachable by TLS only, and rid of what nobody needs any more.
func (d *Data) bucket(ctx *pulumi.Context, name string, args Args) (*s3.BucketV2, error) {
	c, part := args.Config, name+"-files"
	bucket, err := s3.NewBucketV2(ctx, part, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(c.Bucket.ForceDestroy),
	}, pulumi.Parent(d), pulumi.Protect(c.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the bucket: %w", err)
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, part, &s3.BucketVersioningV2Args{
		Bucket: bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{
			Status: pulumi.String("Enabled"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("turn on the bucket's versions: %w", err)
	}
	// With a bucket key, one call to KMS serves many objects.
	if err := d.bucketEncryption(ctx, part, bucket, s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: args.DataKeyARN,
		},
		BucketKeyEnabled: pulumi.Bool(true),
	}); err != nil {
		return nil, err
	}
	if _, err := d.bucketAccess(ctx, part, bucket); err != nil {
		return nil, err
	}
	rules := append(colder(c.Bucket.InfrequentDays, c.Bucket.ArchiveDays), abandoned, oldVersions(c.Bucket.NoncurrentDays))
	if err := d.bucketLifecycle(ctx, part, bucket, []pulumi.Resource{versioning}, rules...); err != nil {
		return nil, err
	}
	return bucket, d.accessLog(ctx, name, c, bucket)
}

func (d *Data) bucketEncryption(ctx *pulumi.Context, part string, bucket *s3.BucketV2, rule s3.BucketServerSideEncryptionConfigurationV2RuleArgs) error {
	_, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, part, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{rule},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("set the encryption of %s: %w", part, err)
	}
	return nil
}

// bucketAccess leaves policies alone to decide who gets at the bucket, never access lists, never
// the public, and never without TLS.
func (d *Data) bucketAccess(ctx *pulumi.Context, part string, bucket *s3.BucketV2, more ...policy.Statement) (*s3.BucketPolicy, error) {
	block, err := s3.NewBucketPublicAccessBlock(ctx, part, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("block public access to %s: %w", part, err)
	}
	_, err = s3.NewBucketOwnershipControls(ctx, part, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, pulumi.Parent(d))
	if err != nil {
		return nil, fmt.Errorf("set the ownership of %s: %w", part, err)
	}
	// S3 refuses several changes of one bucket's access at the same time, so the policy waits.
	rights, err := s3.NewBucketPolicy(ctx, part, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: policy.Document(append(more, policy.Statement{
			Sid: "TLSOnly", Deny: true,
			Principal: map[string]any{"AWS": "*"},
			Actions:   []string{"s3:*"},
			Resources: []pulumi.StringInput{bucket.Arn, pulumi.Sprintf("%s/*", bucket.Arn)},
			Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
		})...),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return nil, fmt.Errorf("register the policy of %s: %w", part, err)
	}
	return rights, nil
}
