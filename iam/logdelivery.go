package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newLogDelivery allows AWS's log delivery, which the cache and the web ACL use, to write into the stack's log
// groups. AWS creates this policy itself for a caller who may call logs:PutResourcePolicy. That permission
// covers every policy of the account and region, so the deploy role does not have it: the administrator
// creates the policy, like everything in this component.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
func newLogDelivery(ctx *pulumi.Context, b builder) error {
	_, err := cloudwatch.NewLogResourcePolicy(ctx, b.name+"-log-delivery", &cloudwatch.LogResourcePolicyArgs{
		PolicyName: pulumi.String(b.name + "-log-delivery"),
		PolicyDocument: policy.Document(policy.Statement{
			Sid:       "LogDelivery",
			Principal: map[string]any{"Service": "delivery.logs.amazonaws.com"},
			Actions:   []string{"logs:CreateLogStream", "logs:PutLogEvents"},
			Resources: b.ARNs("logs",
				"log-group:"+b.Prefix()+"-*:log-stream:*", "log-group:aws-waf-logs-"+b.Prefix()+"-*:log-stream:*"),
			Condition: policy.From(b.Account, b.ARN("logs", "*")),
		}),
	}, b.parent)
	if err != nil {
		return fmt.Errorf("iam: policy of log delivery: %w", err)
	}
	return nil
}
