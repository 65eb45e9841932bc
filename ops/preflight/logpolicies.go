package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/didomi/serverless-api/ops/graph"
)

// maxPolicies is the quota of CloudWatch Logs' resource policies in an account and region, which cannot be raised.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
const maxPolicies = 10

// logResourcePolicies checks that the account's quota leaves one resource policy, which allows AWS to deliver logs to the
// stack.
func logResourcePolicies(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	if firstNew(g, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy") == nil {
		return nil, nil
	}
	policies, err := a.logs.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{Limit: aws.Int32(maxPolicies)})
	if err != nil {
		return nil, fmt.Errorf("read the resource policies of CloudWatch Logs: %w", err)
	}
	n := len(policies.ResourcePolicies)
	if n < maxPolicies {
		return nil, nil
	}
	return []Finding{{
		What: fmt.Sprintf("the stack has a resource policy of CloudWatch Logs, by which AWS delivers logs; the account has %d, and no more than %d are possible", n, maxPolicies),
		Do:   "delete an unused one: aws logs describe-resource-policies --region " + a.region + ", aws logs delete-resource-policy --policy-name NAME",
	}}, nil
}
