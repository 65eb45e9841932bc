package bucket

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// abandonedUploadDays is when the parts of an incomplete upload are deleted.
const abandonedUploadDays = 7

// Rule completes a rule that applies to every object of a bucket.
func Rule(id string, r s3.BucketLifecycleConfigurationV2RuleArgs) s3.BucketLifecycleConfigurationV2RuleArgs {
	r.Id, r.Status = pulumi.String(id), pulumi.String("Enabled")
	r.Filter = s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	return r
}

func rules(args Args) s3.BucketLifecycleConfigurationV2RuleArray {
	var list s3.BucketLifecycleConfigurationV2RuleArray
	for _, r := range args.Rules {
		list = append(list, r)
	}
	list = append(list, Rule("abandoned-uploads", s3.BucketLifecycleConfigurationV2RuleArgs{
		AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
			DaysAfterInitiation: pulumi.Int(abandonedUploadDays),
		},
	}))
	if args.NoncurrentDays == 0 {
		return list
	}
	return append(list, Rule("old-versions", s3.BucketLifecycleConfigurationV2RuleArgs{
		NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(args.NoncurrentDays),
		},
	}))
}

func expire(ctx *pulumi.Context, name string, args Args, bucket *s3.BucketV2, opts ...pulumi.ResourceOption) error {
	_, err := s3.NewBucketLifecycleConfigurationV2(ctx, name, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  rules(args),
	}, opts...)
	if err != nil {
		return fmt.Errorf("register the lifecycle of %s: %w", name, err)
	}
	return nil
}
