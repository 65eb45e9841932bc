package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// logGroups are the stack's, and those that RDS names after the stack's cluster and proxy.
func (s site) logGroups() []pulumi.StringInput {
	return append(s.names("logs", "log-group:", roomAPI, roomData, roomNetwork),
		s.kinds("logs", roomData, "log-group:/aws/rds/cluster/", "log-group:/aws/rds/proxy/")...)
}

// webACLLogs are the log groups that WAF writes to, whose names it wants to begin so.
func (s site) webACLLogs() pulumi.StringInput {
	return s.kinds("logs", roomAPI, "log-group:aws-waf-logs-")[0]
}

// deployOperations makes and changes what the stack is watched with (logs, alarms, dashboard) and the host name's
// zone, for which the policy of the API has no space left.
func (s site) deployOperations() rights {
	return rights{"operations", slices.Concat(s.zoneRights(), s.logRights(), s.alarmRights())}
}

// logRights are about log groups and what is delivered to them.
func (s site) logRights() []policy.Statement {
	executionLogs := []pulumi.StringInput{s.arn("logs", "log-group:API-Gateway-Execution-Logs_*")}
	return []policy.Statement{
		{
			Sid: "Logs",
			Actions: []string{
				"logs:AssociateKmsKey", "logs:CreateLogGroup", "logs:DeleteLogGroup", "logs:DeleteMetricFilter",
				"logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey", "logs:ListTagsForResource", "logs:PutMetricFilter",
				"logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
			},
			Resources: append(s.logGroups(), s.webACLLogs()),
		},
		{
			// API Gateway names the group of the execution log by the API's id, so the tag tells whose it is.
			Sid:       "NewExecutionLog",
			Actions:   []string{"logs:CreateLogGroup"},
			Resources: executionLogs,
			Condition: s.tagging(),
		},
		{
			Sid:       "TagNewExecutionLog",
			Actions:   []string{"logs:TagResource"},
			Resources: executionLogs,
			Condition: s.notYetTagged(),
		},
		{
			Sid: "ExecutionLog",
			Actions: []string{
				"logs:AssociateKmsKey", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey",
				"logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
			},
			Resources: executionLogs,
			Condition: s.tagged(),
		},
		{
			// WAF's documented permissions for a log group are these, those of LogDestination and LogDelivery, and
			// logs:PutResourcePolicy, for which delivery.go stands.
			// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
			Sid:       "WebACLLog",
			Actions:   []string{"wafv2:DeleteLoggingConfiguration", "wafv2:GetLoggingConfiguration"},
			Resources: s.names("wafv2", "regional/webacl/", roomAPI),
		},
		{
			// Requests are logged to the stack's own log group, not to another stack's or another account's.
			Sid:       "LogDestination",
			Actions:   []string{"wafv2:PutLoggingConfiguration"},
			Resources: s.names("wafv2", "regional/webacl/", roomAPI),
			Condition: map[string]any{"ArnLike": map[string]any{"wafv2:LogDestinationResource": s.webACLLogs()}},
		},
		{
			// The cache's logs and the web ACL's are delivered in the name of whoever sets them up. AWS narrows
			// these to no resource. What lets AWS write into the log groups is the administrator's (delivery.go).
			// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Logging-destinations.html
			Sid: "LogDelivery",
			Actions: []string{
				"logs:CreateLogDelivery", "logs:DeleteLogDelivery", "logs:DescribeResourcePolicies",
				"logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:UpdateLogDelivery",
			},
			Resources: policy.Anywhere,
		},
	}
}

// alarmRights are about alarms, the dashboard and who is told.
func (s site) alarmRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Alarms",
			Actions: []string{
				"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
				"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
			},
			Resources: append(s.names("cloudwatch", "alarm:", roomAPI),
				s.global("cloudwatch", "dashboard/"+s.prefix+"-"+roomAPI)),
		},
		{
			// AWS refuses it to whom it is granted for one alarm (CloudWatch API reference, PutCompositeAlarm).
			Sid:       "CompositeAlarm",
			Actions:   []string{"cloudwatch:PutCompositeAlarm"},
			Resources: policy.Anywhere,
		},
		{
			Sid: "Topic",
			Actions: []string{
				"sns:CreateTopic", "sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe",
				"sns:TagResource", "sns:UntagResource",
			},
			Resources: s.names("sns", "", roomAPI),
		},
		{
			// AWS narrows it to no resource; who subscribed, or owns the topic, is let.
			Sid:       "Subscription",
			Actions:   []string{"sns:Unsubscribe"},
			Resources: policy.Anywhere,
		},
	}
}
