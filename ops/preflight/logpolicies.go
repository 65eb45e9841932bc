package preflight

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/didomi/serverless-api/ops/graph"
)

// Services that deliver logs have a resource policy of CloudWatch Logs name each log group outside
// /aws/vendedlogs/. An account has at most 10 policies a region, each of at most 5,120 characters, and
// neither can be raised.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/logs/AWS-logs-and-resource-policy.html
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html
const (
	deliveryPolicy = "AWSLogDeliveryWrite20150319"
	mostPolicies   = 10
	longestPolicy  = 5120
	vendedLogs     = "/aws/vendedlogs/"
	// groupLength is what a log group takes in the policy in addition to its name: its ARN without it, what
	// Pulumi appends to the name, quotes and comma.
	groupLength = len(`"arn:aws:logs:ap-northeast-1:123456789012:log-group::log-stream:*",`) + 8
)

// logResourcePolicies looks whether the log groups that AWS delivers to fit into the account's policy.
func logResourcePolicies(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	groups := deliveredGroups(g)
	if len(groups) == 0 {
		return nil, nil
	}
	policies, err := a.logs.DescribeResourcePolicies(ctx, &cloudwatchlogs.DescribeResourcePoliciesInput{Limit: aws.Int32(mostPolicies)})
	if err != nil {
		return nil, fmt.Errorf("read the resource policies of CloudWatch Logs: %w", err)
	}
	length := 0
	for _, policy := range policies.ResourcePolicies {
		if aws.ToString(policy.PolicyName) == deliveryPolicy {
			length = len(aws.ToString(policy.PolicyDocument))
		}
	}
	if length == 0 {
		if n := len(policies.ResourcePolicies); n >= mostPolicies {
			return []Finding{{
				What: fmt.Sprintf("AWS needs a resource policy of CloudWatch Logs to deliver logs; the account has %d, and no more than %d are possible", n, mostPolicies),
				Do:   "delete one that nothing needs: aws logs describe-resource-policies --region " + a.region + ", aws logs delete-resource-policy --policy-name NAME",
			}}, nil
		}
		return nil, nil
	}
	for _, name := range groups {
		length += len(name) + groupLength
	}
	if length <= longestPolicy {
		return nil, nil
	}
	return []Finding{{
		What: fmt.Sprintf("the policy %s of CloudWatch Logs would have some %d characters with the log groups %s; it takes %d", deliveryPolicy, length, strings.Join(groups, ", "), longestPolicy),
		Do: "take log groups that are gone out of it, or replace those of one prefix by one with *: aws logs describe-resource-policies --region " +
			a.region + ", aws logs put-resource-policy --policy-name " + deliveryPolicy,
	}}, nil
}

// deliveredGroups are the new log groups that services deliver to: API Gateway's access log and the
// cache's logs.
func deliveredGroups(g *graph.Graph) []string {
	var names []string
	for _, sender := range []struct{ token, input string }{
		{"aws:apigateway/stage:Stage", "accessLogSettings"},
		{replicationGroupType, "logDeliveryConfigurations"},
		{"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "logDestinationConfigs"},
	} {
		for _, r := range g.ByType(sender.token) {
			for _, group := range g.RefsTo(r, sender.input, "aws:cloudwatch/logGroup:LogGroup") {
				name := group.Text("name")
				if name == "" || name == graph.Unknown {
					name = group.Name
				}
				if (group.Op == "create" || group.Op == "replace") && !strings.HasPrefix(name, vendedLogs) {
					names = append(names, name)
				}
			}
		}
	}
	return names
}
