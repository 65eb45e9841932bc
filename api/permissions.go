package api

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// componentName stands in every name that the component gives.
const componentName = "api"

// Permissions are what the component needs of the roles that preview and deploy it, and of its functions' roles.
func Permissions(s policy.Scope) policy.Permissions {
	own := s.Named(componentName, "logs", "log-group:")
	return policy.Permissions{
		Deploy: policy.Managed{
			API:        slices.Concat(gatewayPermissions(s), functionPermissions(s), scalingPermissions(s)),
			Operations: slices.Concat(logPermissions(s), alarmPermissions(s)),
		},
		Lists: []string{
			"application-autoscaling:DescribeScalableTargets",
			"application-autoscaling:DescribeScalingPolicies", "application-autoscaling:ListTagsForResource",
			"cloudwatch:DescribeAlarms", "lambda:GetAccountSettings",
			"logs:DescribeLogGroups", "logs:DescribeMetricFilters", "sns:GetSubscriptionAttributes",
		},
		Describes: []string{
			"cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
			"lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
			"lambda:GetPolicy", "lambda:GetProvisionedConcurrencyConfig",
			"lambda:ListTags", "lambda:ListVersionsByFunction", "logs:ListTagsForResource",
			"sns:GetTopicAttributes", "sns:ListTagsForResource",
			"wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:ListTagsForResource",
		},
		Described: slices.Concat(own, executionLogs(s), s.Named(componentName, "cloudwatch", "alarm:"), dashboardARNs(s),
			s.Named(componentName, "lambda", "function:"), s.Named(componentName, "sns", ""),
			s.Named(componentName, "wafv2", "regional/webacl/"), gatewayARNs(s, "/restapis/*")),
		Reads:     gatewayReads(s),
		Previews:  []policy.Statement{logRoleRead(s)},
		LogGroups: append(own, webACLLogs(s)...),
		Roles:     s.Roles(componentName),
		ServiceRoles: []string{
			"lambda.application-autoscaling.amazonaws.com", "ops.apigateway.amazonaws.com", "wafv2.amazonaws.com",
		},
		Workload: []policy.Statement{{
			// Lambda checks these on every resource, so the boundary's denials do the narrowing (iam/boundary.go).
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
			Sid:       "Interfaces",
			Actions:   interfaceActions,
			Resources: policy.Anywhere,
		}},
		WorkloadLists: []string{"xray:PutTelemetryRecords", "xray:PutTraceSegments"},
	}
}

// gatewayARNs are paths of API Gateway, whose ARNs name no account.
func gatewayARNs(s policy.Scope, paths ...string) []pulumi.StringInput {
	arns := make([]pulumi.StringInput, len(paths))
	for i, path := range paths {
		arns[i] = pulumi.String("arn:" + s.Partition + ":apigateway:" + s.Region + "::" + path)
	}
	return arns
}

// dashboardARNs is the dashboard, whose name AWS adds nothing to.
func dashboardARNs(s policy.Scope) []pulumi.StringInput {
	return s.GlobalARNs("cloudwatch", "dashboard/"+s.Prefix()+"-"+componentName)
}

// executionLogs are the log groups that API Gateway names by the API's id, so the tag tells whose one is.
func executionLogs(s policy.Scope) []pulumi.StringInput {
	return s.ARNs("logs", "log-group:API-Gateway-Execution-Logs_*")
}

// webACLLogs are the log groups that WAF writes to, whose names must begin so.
func webACLLogs(s policy.Scope) []pulumi.StringInput {
	return s.Named(componentName, "logs", "log-group:aws-waf-logs-")
}

// gatewayPermissions are by the tag: API Gateway has methods and paths, and AWS assigns the ids within.
// What lies under an API, a domain name or a usage plan has the tag of that.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
func gatewayPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "NewAPI",
			Actions:   []string{"apigateway:POST"},
			Resources: gatewayARNs(s, "/apikeys", "/domainnames", "/restapis", "/usageplans"),
			Condition: s.Tagging(),
		},
		{
			Sid: "API",
			Actions: []string{
				"apigateway:AddCertificateToDomain", "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST",
				"apigateway:PUT", "apigateway:RemoveCertificateFromDomain", "apigateway:SetWebACL",
			},
			Resources: gatewayARNs(s, "/apikeys/*", "/domainnames/*", "/restapis/*", "/usageplans/*"),
			Condition: s.Tagged(),
		},
		{
			// A create call with tags is authorised as a PUT on the tags of the new object, too. The tag of
			// what exists stays: changing tags takes a PATCH on their object, which has to carry the tag.
			// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
			// https://github.com/mattclay/aws-terminator/pull/284
			Sid:       "NewAPITags",
			Actions:   []string{"apigateway:PUT"},
			Resources: gatewayARNs(s, "/tags/*"),
			Condition: s.Tagging(),
		},
		{
			// Any other tag is changed under a path that carries no tag itself. AWS takes a tag of the same key
			// in other case for the stack's, too.
			Sid:       "APITags",
			Actions:   []string{"apigateway:DELETE", "apigateway:PUT"},
			Resources: gatewayARNs(s, "/tags/*"),
			Condition: map[string]any{"ForAllValues:StringNotEqualsIgnoreCase": map[string]any{"aws:TagKeys": stacktag.Key}},
		},
		{
			// A domain name is created with its certificate.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html
			Sid:       "NewDomainCertificate",
			Actions:   []string{"apigateway:AddCertificateToDomain"},
			Resources: gatewayARNs(s, "/domainnames"),
		},
		{
			Sid: "WebACL",
			Actions: []string{
				"wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL",
				"wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
			},
			Resources: slices.Concat(s.Named(componentName, "wafv2", "regional/webacl/"),
				s.ARNs("wafv2", "regional/managedruleset/*"), gatewayARNs(s, "/restapis/*")),
		},
	}
}

// gatewayReads are about API Gateway. The description of a key, or of a plan's keys, holds a key's value,
// so those are the stack's own. The rest holds no secret, and AWS says that it is gone when it is gone: of
// what is not there it knows no tag. Of domain names, APIs and plans the lists are read too, for their
// number; the list of API keys is not, for it holds the values of all stacks' keys.
func gatewayReads(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid:     "API",
			Actions: []string{"apigateway:GET"},
			Resources: gatewayARNs(s,
				"/account", "/domainnames", "/domainnames/*", "/restapis", "/restapis/*", "/usageplans"),
		},
		{
			Sid:       "APIKeys",
			Actions:   []string{"apigateway:GET"},
			Resources: gatewayARNs(s, "/apikeys/*", "/usageplans/*"),
			Condition: s.Tagged(),
		},
	}
}

// logRoleRead reads whether API Gateway has a role to write logs with (LogRole). The setting holds no secret.
func logRoleRead(s policy.Scope) policy.Statement {
	return policy.Statement{Sid: "LogRole", Actions: []string{"apigateway:GET"}, Resources: gatewayARNs(s, "/account")}
}

func functionPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Function",
			Actions: []string{
				"lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias",
				"lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
				"lambda:DeleteProvisionedConcurrencyConfig", "lambda:GetFunctionConfiguration",
				"lambda:InvokeFunction", "lambda:ListAliases", "lambda:ListProvisionedConcurrencyConfigs", "lambda:PublishVersion",
				"lambda:PutFunctionConcurrency",
				"lambda:PutProvisionedConcurrencyConfig", "lambda:RemovePermission", "lambda:TagResource",
				"lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode",
				"lambda:UpdateFunctionConfiguration",
			},
			Resources: s.Named(componentName, "lambda", "function:"),
		},
		s.PassRole("FunctionRoles", "lambda.amazonaws.com",
			componentName+"-function-role", componentName+"-migrate-role", componentName+"-rotate-role", componentName+"-cache-user-role"),
	}
}

// scalingPermissions scale provisioned concurrency by a schedule or by use. AWS assigns the ids of targets.
func scalingPermissions(s policy.Scope) []policy.Statement {
	newTargets := s.WithoutID("application-autoscaling", "scalable-target/")
	return []policy.Statement{
		{
			// A target that exists is not registered with tags: AWS has the caller tag it by its ARN.
			// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420
			// What Application Auto Scaling scales of other services, such as tables and containers, is not the stack's.
			Sid:       "NewTarget",
			Actions:   []string{"application-autoscaling:RegisterScalableTarget"},
			Resources: newTargets,
			Condition: map[string]any{"StringEquals": map[string]any{
				stacktag.InRequest: s.Owner(), "application-autoscaling:service-namespace": "lambda",
			}},
		},
		{
			Sid:       "TagNewTarget",
			Actions:   []string{"application-autoscaling:TagResource"},
			Resources: newTargets,
			Condition: s.Tagging(),
		},
		{
			Sid: "Target",
			Actions: []string{
				"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
				"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
				"application-autoscaling:TagResource", "application-autoscaling:UntagResource",
			},
			Resources: s.ARNs("application-autoscaling", "scalable-target/*"),
			Condition: s.Tagged(),
		},
		{
			// Application Auto Scaling creates the alarms of a target tracking policy in the caller's name.
			// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
			Sid:       "TargetAlarms",
			Actions:   []string{"cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"},
			Resources: s.Named(componentName, "cloudwatch", "alarm:TargetTracking-function:"),
		},
	}
}

// logPermissions are about API Gateway's execution log and the web ACL's log. Those to log groups by name are
// iam's, for all components.
func logPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "NewExecutionLog",
			Actions:   []string{"logs:CreateLogGroup"},
			Resources: executionLogs(s),
			Condition: s.Tagging(),
		},
		{
			Sid:       "TagNewExecutionLog",
			Actions:   []string{"logs:TagResource"},
			Resources: executionLogs(s),
			Condition: notYetTagged(s),
		},
		{
			Sid: "ExecutionLog",
			Actions: []string{
				"logs:AssociateKmsKey", "logs:DeleteLogGroup", "logs:DeleteRetentionPolicy", "logs:DisassociateKmsKey",
				"logs:PutRetentionPolicy", "logs:TagResource", "logs:UntagResource",
			},
			Resources: executionLogs(s),
			Condition: s.Tagged(),
		},
		{
			// WAF's documented permissions for a log group are these, those of LogDestination, those of LogDelivery in
			// iam/compose.go, and logs:PutResourcePolicy, which iam/delivery.go replaces.
			// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
			Sid:       "WebACLLog",
			Actions:   []string{"wafv2:DeleteLoggingConfiguration", "wafv2:GetLoggingConfiguration"},
			Resources: s.Named(componentName, "wafv2", "regional/webacl/"),
		},
		{
			// Requests are logged to the stack's own log group, not to another stack's or another account's.
			Sid:       "LogDestination",
			Actions:   []string{"wafv2:PutLoggingConfiguration"},
			Resources: s.Named(componentName, "wafv2", "regional/webacl/"),
			Condition: map[string]any{"ArnLike": map[string]any{"wafv2:LogDestinationResource": webACLLogs(s)[0]}},
		},
	}
}

// notYetTagged allows the stack's tag to be put on what has neither it nor the tag environment, which most
// programs set. That reaches what another program has left without tags, so it is for execution logs alone
// (docs/decisions/stack-tag.md).
func notYetTagged(s policy.Scope) map[string]any {
	condition := s.Tagging()
	condition["Null"] = map[string]any{stacktag.OnResource: "true", "aws:ResourceTag/environment": "true"}
	return condition
}

// alarmPermissions are about alarms, the dashboard and the topics.
func alarmPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Alarms",
			Actions: []string{
				"cloudwatch:DeleteAlarms", "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard",
				"cloudwatch:PutMetricAlarm", "cloudwatch:TagResource", "cloudwatch:UntagResource",
			},
			Resources: append(s.Named(componentName, "cloudwatch", "alarm:"), dashboardARNs(s)...),
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
			Resources: s.Named(componentName, "sns", ""),
		},
		{
			// AWS narrows it to no resource; it allows the subscriber and the topic's owner.
			Sid:       "Subscription",
			Actions:   []string{"sns:Unsubscribe"},
			Resources: policy.Anywhere,
		},
	}
}
