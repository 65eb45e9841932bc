// Package bucket registers a bucket with the settings that every component needs: encrypted, versioned,
// private, reachable by TLS only, and with a lifecycle that deletes what is no longer needed.
package bucket

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are what buckets differ in.
type Args struct {
	// KeyARN is the KMS key that encrypts what is in the bucket; nil: S3's own.
	KeyARN pulumi.StringPtrInput
	// NoncurrentDays is how long earlier versions are kept, in days; 0: there are none.
	NoncurrentDays int
	// Rules are further lifecycle rules; see Rule.
	Rules []s3.BucketLifecycleConfigurationV2RuleArgs
	// Grant is a statement of the bucket's policy next to the one that requires TLS; nil: none.
	Grant func(arn pulumi.StringOutput) policy.Statement
	// ForceDestroy deletes the bucket even when it has objects.
	ForceDestroy bool
	// Protect keeps the bucket from being deleted or replaced.
	Protect bool
}

// Bucket is a bucket and its policy, which must exist before the bucket is used.
type Bucket struct {
	*s3.BucketV2
	Policy *s3.BucketPolicy
	// Versioning is what a replication of the bucket depends on; nil without versions.
	Versioning *s3.BucketVersioningV2
}

// New registers the bucket and its settings, all with that name, as children of parent.
func New(ctx *pulumi.Context, name string, args Args, parent pulumi.Resource) (*Bucket, error) {
	child := pulumi.Parent(parent)
	bucket, err := s3.NewBucketV2(ctx, name, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(args.ForceDestroy),
	}, child, pulumi.Protect(args.Protect))
	if err != nil {
		return nil, fmt.Errorf("register the bucket %s: %w", name, err)
	}
	versioning, err := keepVersions(ctx, name, args, bucket, child)
	if err != nil {
		return nil, err
	}
	if err := encrypt(ctx, name, args.KeyARN, bucket, child); err != nil {
		return nil, err
	}
	rights, err := restrict(ctx, name, args, bucket, child)
	if err != nil {
		return nil, err
	}
	var versions []pulumi.Resource
	if versioning != nil {
		versions = append(versions, versioning)
	}
	return &Bucket{bucket, rights, versioning}, expire(ctx, name, args, bucket, child, pulumi.DependsOn(versions))
}

// keepVersions enables versioning, if it is configured.
func keepVersions(ctx *pulumi.Context, name string, args Args, bucket *s3.BucketV2, child pulumi.ResourceOption) (*s3.BucketVersioningV2, error) {
	if args.NoncurrentDays == 0 {
		return nil, nil
	}
	versioning, err := s3.NewBucketVersioningV2(ctx, name, &s3.BucketVersioningV2Args{
		Bucket:                  bucket.ID(),
		VersioningConfiguration: s3.BucketVersioningV2VersioningConfigurationArgs{Status: pulumi.String("Enabled")},
	}, child)
	if err != nil {
		return nil, fmt.Errorf("turn on versions of %s: %w", name, err)
	}
	return versioning, nil
}

// encrypt uses a bucket key: one call to KMS for many objects instead of one each.
func encrypt(ctx *pulumi.Context, name string, key pulumi.StringPtrInput, bucket *s3.BucketV2, child pulumi.ResourceOption) error {
	rule := s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("aws:kms"), KmsMasterKeyId: key,
		},
		BucketKeyEnabled: pulumi.Bool(true),
	}
	if key == nil {
		rule = s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
			ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
				SseAlgorithm: pulumi.String("AES256"),
			},
		}
	}
	_, err := s3.NewBucketServerSideEncryptionConfigurationV2(ctx, name, &s3.BucketServerSideEncryptionConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  s3.BucketServerSideEncryptionConfigurationV2RuleArray{rule},
	}, child)
	if err != nil {
		return fmt.Errorf("set the encryption of %s: %w", name, err)
	}
	return nil
}

// restrict limits access to what policies allow: no access control lists, no public access, and TLS only.
func restrict(ctx *pulumi.Context, name string, args Args, bucket *s3.BucketV2, child pulumi.ResourceOption) (*s3.BucketPolicy, error) {
	block, err := s3.NewBucketPublicAccessBlock(ctx, name, &s3.BucketPublicAccessBlockArgs{
		Bucket:                bucket.ID(),
		BlockPublicAcls:       pulumi.Bool(true),
		BlockPublicPolicy:     pulumi.Bool(true),
		IgnorePublicAcls:      pulumi.Bool(true),
		RestrictPublicBuckets: pulumi.Bool(true),
	}, child)
	if err != nil {
		return nil, fmt.Errorf("block public access to %s: %w", name, err)
	}
	_, err = s3.NewBucketOwnershipControls(ctx, name, &s3.BucketOwnershipControlsArgs{
		Bucket: bucket.ID(),
		Rule:   s3.BucketOwnershipControlsRuleArgs{ObjectOwnership: pulumi.String("BucketOwnerEnforced")},
	}, child)
	if err != nil {
		return nil, fmt.Errorf("set the ownership of %s: %w", name, err)
	}
	// S3 rejects concurrent changes of one bucket's access settings, so the policy depends on the others.
	rights, err := s3.NewBucketPolicy(ctx, name, &s3.BucketPolicyArgs{
		Bucket: bucket.ID(),
		Policy: policy.Document(statements(args, bucket.Arn)...),
	}, child, pulumi.DependsOn([]pulumi.Resource{block}))
	if err != nil {
		return nil, fmt.Errorf("register the policy of %s: %w", name, err)
	}
	return rights, nil
}

func statements(args Args, arn pulumi.StringOutput) []policy.Statement {
	var list []policy.Statement
	if args.Grant != nil {
		list = append(list, args.Grant(arn))
	}
	return append(list, policy.Statement{
		Sid: "TLSOnly", Deny: true,
		Principal: map[string]any{"AWS": "*"},
		Actions:   []string{"s3:*"},
		Resources: []pulumi.StringInput{arn, pulumi.Sprintf("%s/*", arn)},
		Condition: map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	})
}
