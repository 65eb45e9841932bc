package api

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newKey makes the key of what operating the API writes: log groups and alarms. It is not the data's
// key, so that who may read logs need not be able to read data, and it is ours because the keys that
// AWS manages let neither CloudWatch's alarms nor its logs in.
func newKey(ctx *pulumi.Context, s site) (*kms.Key, error) {
	key, err := kms.NewKey(ctx, s.name+"-operations", &kms.KeyArgs{
		Description:          pulumi.String("Logs and alarms of " + s.name),
		EnableKeyRotation:    pulumi.Bool(true),
		RotationPeriodInDays: pulumi.Int(365),
		DeletionWindowInDays: pulumi.Int(30),
		KeyUsage:             pulumi.String("ENCRYPT_DECRYPT"),
		MultiRegion:          pulumi.Bool(false),
		Policy: policy.Document(
			policy.KeyOwner(fmt.Sprintf("arn:%s:iam::%s:root", s.partition, s.account)),
			policy.Statement{
				Sid:       "Logs",
				Principal: map[string]any{"Service": "logs." + s.region + ".amazonaws.com"},
				Actions: []string{
					"kms:Encrypt", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo",
					"kms:GenerateDataKey", "kms:DescribeKey",
				},
				Resources: policy.Anywhere,
				Condition: map[string]any{"ArnLike": map[string]any{
					"kms:EncryptionContext:aws:logs:arn": s.arn("logs", "log-group:*"),
				}},
			},
			policy.Statement{
				Sid:       "Alarms",
				Principal: map[string]any{"Service": "cloudwatch.amazonaws.com"},
				Actions:   []string{"kms:Decrypt", "kms:GenerateDataKey"},
				Resources: policy.Anywhere,
				Condition: map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": s.account}},
			},
		),
	}, s.parent)
	if err != nil {
		return nil, fmt.Errorf("api: key of logs and alarms: %w", err)
	}
	return key, nil
}
