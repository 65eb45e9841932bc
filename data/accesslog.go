package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/bucket"
	"github.com/didomi/serverless-api/internal/policy"
)

// accessLog records every request to the bucket of files in a second bucket. That one is encrypted with S3's
// own key: S3 does not deliver to a bucket that is encrypted with a customer managed key.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
func (d *Data) accessLog(ctx *pulumi.Context, name string, c Config, files *bucket.Bucket) error {
	days, part := c.Bucket.AccessLogDays, name+"-access-log"
	if days == 0 {
		return nil
	}
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("read the account: %w", err)
	}
	logs, err := bucket.New(ctx, part, bucket.Args{
		Rules: []s3.BucketLifecycleConfigurationV2RuleArgs{
			bucket.Rule("expiration", s3.BucketLifecycleConfigurationV2RuleArgs{
				Expiration: s3.BucketLifecycleConfigurationV2RuleExpirationArgs{Days: pulumi.Int(days)},
			}),
		},
		Grant:        func(arn pulumi.StringOutput) policy.Statement { return delivery(arn, files.Arn, caller.AccountId) },
		ForceDestroy: c.Bucket.ForceDestroy,
		Protect:      c.Protect,
	}, d)
	if err != nil {
		return err
	}
	_, err = s3.NewBucketLoggingV2(ctx, part, &s3.BucketLoggingV2Args{
		Bucket:       files.ID(),
		TargetBucket: logs.ID(),
		TargetPrefix: pulumi.String("files/"),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{logs.Policy}))
	if err != nil {
		return fmt.Errorf("turn on the bucket's access log: %w", err)
	}
	return nil
}

// delivery allows S3 to write the log of that one bucket of this account.
func delivery(logs, files pulumi.StringOutput, account string) policy.Statement {
	return policy.Statement{
		Sid:       "AccessLog",
		Principal: map[string]any{"Service": "logging.s3.amazonaws.com"},
		Actions:   []string{"s3:PutObject"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", logs)},
		Condition: policy.From(account, files),
	}
}
