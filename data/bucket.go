package data

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/bucket"
)

// bucket registers the bucket of large files, its CORS rules and its access log.
func (d *Data) bucket(ctx *pulumi.Context, name string, args Args) (*bucket.Bucket, error) {
	c := args.Config.Bucket
	files, err := bucket.New(ctx, name+"-files", bucket.Args{
		KeyARN:         args.DataKeyARN,
		NoncurrentDays: c.NoncurrentDays,
		Rules:          colder(c.InfrequentDays, c.ArchiveDays),
		ForceDestroy:   c.ForceDestroy,
		Protect:        !args.Config.AllowDeletion,
	}, d)
	if err != nil {
		return nil, err
	}
	if err := d.cors(ctx, name, args.Origins, files); err != nil {
		return nil, err
	}
	return files, d.accessLog(ctx, name, args.Config, files)
}

// colder moves files to cheaper storage, none when both are 0. The archive is Glacier Instant Retrieval: from
// the other classes the API could not return a file for hours.
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
		bucket.Rule("colder", s3.BucketLifecycleConfigurationV2RuleArgs{Transitions: steps}),
	}
}
