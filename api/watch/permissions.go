package watch

import (
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions are what the deploy role needs for alarms, the dashboard and the topics.
func Permissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Alarms",
			Actions: []string{
				"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
				"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
			},
			Resources: append(s.Named(component.Name, "cloudwatch", "alarm:"), DashboardARNs(s)...),
		},
		{
			// AWS denies it to a caller that has it for one alarm (CloudWatch API reference, PutCompositeAlarm).
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
			Resources: s.Named(component.Name, "sns", ""),
		},
		{
			// AWS narrows it to no resource; it allows the subscriber and the topic's owner.
			Sid:       "Subscription",
			Actions:   []string{"sns:Unsubscribe"},
			Resources: policy.Anywhere,
		},
	}
}

// DashboardARNs is the dashboard, whose name AWS adds nothing to.
func DashboardARNs(s policy.Scope) []pulumi.StringInput {
	return s.GlobalARNs("cloudwatch", "dashboard/"+s.Prefix()+"-"+component.Name)
}
