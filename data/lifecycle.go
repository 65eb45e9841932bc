package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// abandonedUploadDays is when the parts of an upload that nobody finished are thrown away.
const abandonedUploadDays = 7

// abandoned throws away the parts of uploads that nobody finished.
var abandoned = rule("abandoned-uploads", s3.BucketLifecycleConfigurationV2RuleArgs{
	AbortIncompleteMultipartUpload: s3.BucketLifecycleConfigurationV2RuleAbortIncompleteMultipartUploadArgs{
		DaysAfterInitiation: pulumi.Int(abandonedUploadDays),
	},
})

// oldVersions throws away what was replaced or deleted.
func oldVersions(days int) s3.BucketLifecycleConfigurationV2RuleArgs {
	return rule("old-versions", s3.BucketLifecycleConfigurationV2RuleArgs{
		NoncurrentVersionExpiration: s3.BucketLifecycleConfigurationV2RuleNoncurrentVersionExpirationArgs{
			NoncurrentDays: pulumi.Int(days),
		},
	})
}

// expiration throws everything away in time.
func expiration(days int) s3.BucketLifecycleConfigurationV2RuleArgs {
	return rule("expiration", s3.BucketLifecycleConfigurationV2RuleArgs{
		Expiration: s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(days)},
	})
}

// colder moves files to cheaper storage, none when both are 0. The archive is the instant one: of
// the others the API could not answer with a file before hours have passed.
func colder(infrequentDays, archiveDays int) []s3.BucketLifecycleConfigurationV2RuleArgs {
	var steps s3.BucketLifecycleConfigurationV2RuleTransitionArray
	for _, step := range []struct {
		class string
		days  int
	}{{"STANDARD_IA", infrequentDays}, {"GLACIER_IR", archiveDays}} {
		if step.days > 0 {
			steps = append(steps, s3.BucketLifecycleConfigurationV2RuleTransitionArgs{
				StorageClass: pulumi.String(step.class), Days: pulumi.Int(step.days),
			})
		}
	}
	if len(steps) == 0 {
		return nil
	}
	return []s3.BucketLifecycleConfigurationV2RuleArgs{
		rule("colder", s3.BucketLifecycleConfigurationV2RuleArgs{Transitions: steps}),
	}
}

// rule completes a rule that holds for everything in a bucket.
func rule(id string, r s3.BucketLifecycleConfigurationV2RuleArgs) s3.BucketLifecycleConfigurationV2RuleArgs {
	r.Id, r.Status = pulumi.String(id), pulumi.String("Enabled")
	r.Filter = s3.BucketLifecycleConfigurationV2RuleFilterArgs{Prefix: pulumi.String("")}
	return r
}

// bucketLifecycle sets the rules once the bucket's versions are on, if it has any.
func (d *Data) bucketLifecycle(ctx *pulumi.Context, part string, bucket *s3.BucketV2, versions []pulumi.Resource, rules ...s3.BucketLifecycleConfigurationV2RuleArgs) error {
	list := make(s3.BucketLifecycleConfigurationV2RuleArray, len(rules))
	for i, r := range rules {
		list[i] = r
	}
	_, err := s3.NewBucketLifecycleConfigurationV2(ctx, part, &s3.BucketLifecycleConfigurationV2Args{
		Bucket: bucket.ID(),
		Rules:  list,
	}, pulumi.Parent(d), pulumi.DependsOn(versions))
	if err != nil {
		return fmt.Errorf("register the lifecycle of %s: %w", part, err)
	}
	return nil
}
