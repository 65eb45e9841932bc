package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/policy"
)

// accessLog records every request to the bucket of files in a bucket beside it. That one is
// encrypted with S3's own key: S3 does not deliver to a bucket with one of ours.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html
func (d *Data) accessLog(ctx *pulumi.Context, name string, c Config, files *s3.BucketV2) error {
	if c.Bucket.AccessLogDays == 0 {
		return nil
	}
	part := name + "-access-log"
	logs, err := s3.NewBucketV2(ctx, part, &s3.BucketV2Args{
		ForceDestroy: pulumi.Bool(c.Bucket.ForceDestroy),
	}, pulumi.Parent(d), pulumi.Protect(c.Protect))
	if err != nil {
		return fmt.Errorf("register the access log's bucket: %w", err)
	}
	if err := d.bucketEncryption(ctx, part, logs, s3.BucketServerSideEncryptionConfigurationV2RuleArgs{
		ApplyServerSideEncryptionByDefault: s3.BucketServerSideEncryptionConfigurationV2RuleApplyServerSideEncryptionByDefaultArgs{
			SseAlgorithm: pulumi.String("AES256"),
		},
	}); err != nil {
		return err
	}
	delivery, err := d.delivery(ctx, logs, files)
	if err != nil {
		return err
	}
	rights, err := d.bucketAccess(ctx, part, logs, delivery)
	if err != nil {
		return err
	}
	if err := d.bucketLifecycle(ctx, part, logs, nil, abandoned, expiration(c.Bucket.AccessLogDays)); err != nil {
		return err
	}
	_, err = s3.NewBucketLoggingV2(ctx, part, &s3.BucketLoggingV2Args{
		Bucket:       files.ID(),
		TargetBucket: logs.ID(),
		TargetPrefix: pulumi.String("files/"),
	}, pulumi.Parent(d), pulumi.DependsOn([]pulumi.Resource{rights}))
	if err != nil {
		return fmt.Errorf("turn on the bucket's access log: %w", err)
	}
	return nil
}

// delivery lets S3 write the log of that one bucket of this account.
func (d *Data) delivery(ctx *pulumi.Context, logs, files *s3.BucketV2) (policy.Statement, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(d))
	if err != nil {
		return policy.Statement{}, fmt.Errorf("read the account: %w", err)
	}
	return policy.Statement{
		Sid:       "AccessLog",
		Principal: map[string]any{"Service": "logging.s3.amazonaws.com"},
		Actions:   []string{"s3:PutObject"},
		Resources: []pulumi.StringInput{pulumi.Sprintf("%s/*", logs.Arn)},
		Condition: map[string]any{
			"ArnLike":      map[string]any{"aws:SourceArn": files.Arn},
			"StringEquals": map[string]any{"aws:SourceAccount": caller.AccountId},
		},
	}, nil
}
