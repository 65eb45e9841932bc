package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newLogDelivery lets AWS's delivery of logs, which the cache and the web ACL use, write into the stack's log
// groups. AWS writes this policy by itself for a caller who may call logs:PutResourcePolicy. That right is
// to every policy of the account and region, so the deploy role does not have it and the policy is one
// of the administrator's, like all of this component.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
func newLogDelivery(ctx *pulumi.Context, s site) error {
	_, err := cloudwatch.NewLogResourcePolicy(ctx, s.name+"-log-delivery", &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(s.name + "-log-delivery"),
		PolicyDocument: policy.Document(policy.Statement{
			Sid:       "LogDelivery",
			Principal: map[string]any{"Service": "delivery.logs.amazonaws.com"},
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: s.ARNs("logs",
				"log-group:"+s.Prefix()+"-*:log-stream:*", "log-group:aws-waf-logs-"+s.Prefix()+"-*:log-stream:*"),
			Condition: policy.From(s.Account, s.ARN("logs", "*")),
		}),
	}, s.parent)
	if err != nil {
		return fmt.Errorf("iam: policy of log delivery: %w", err)
	}
	return nil
}
