package api

import (
	"slices"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/api/watch"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Permissions are what the component needs of the roles that preview and deploy it, and of its functions' roles.
func Permissions(c Config) func(policy.Scope) policy.Permissions {
	return func(s policy.Scope) policy.Permissions {
		all := append([]policy.Permissions{ownPermissions(s)}, function.DeclaredPermissions(s)...)
		if c.Auth == openapi.AuthIAM {
			all = append(all, smokePermissions(s))
		}
		return policy.Compose(all...)
	}
}

// smokePermissions let the deploy role sign the requests of the smoke test. The role exists before the API and its id,
// so the stage, which has the stack's name, narrows it.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func smokePermissions(s policy.Scope) policy.Permissions {
	return policy.Permissions{Deploy: policy.Managed{Operations: []policy.Statement{{
		Sid: "SmokeTest", Actions: []string{"execute-api:Invoke"}, Resources: s.ARNs("execute-api", "*/"+s.Stack+"/*"),
	}}}}
}

func ownPermissions(s policy.Scope) policy.Permissions {
	own := s.Named(component.Name, "logs", "log-group:")
	return policy.Permissions{
		Deploy: policy.Managed{
			API:        slices.Concat(gatewayPermissions(s), webACLPermissions(s), function.Permissions(s)),
			Operations: slices.Concat(logPermissions(s), watch.Permissions(s)),
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
		Described: slices.Concat(own, executionLogs(s), s.Named(component.Name, "cloudwatch", "alarm:"), watch.DashboardARNs(s),
			s.Named(component.Name, "lambda", "function:"), s.Named(component.Name, "sns", ""),
			s.Named(component.Name, "wafv2", "regional/webacl/"), gatewayARNs(s, "/restapis/*")),
		Reads:     gatewayReads(s),
		Previews:  []policy.Statement{logRoleRead(s)},
		LogGroups: append(own, webACLLogs(s)...),
		Roles:     s.Roles(component.Name),
		ServiceRoles: []string{
			"lambda.application-autoscaling.amazonaws.com", "ops.apigateway.amazonaws.com", "wafv2.amazonaws.com",
		},
		Workload: []policy.Statement{{
			// Lambda checks these on every resource, so the boundary's denials do the narrowing (iam/boundary.go).
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
			Sid:       "Interfaces",
			Actions:   policy.InterfaceActions,
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

// executionLogs are the log groups that API Gateway names by the API's id, so the tag identifies the stack's own.
func executionLogs(s policy.Scope) []pulumi.StringInput {
	return s.ARNs("logs", "log-group:API-Gateway-Execution-Logs_*")
}

// webACLLogs are the log groups that WAF writes to, whose names must begin so.
func webACLLogs(s policy.Scope) []pulumi.StringInput {
	return s.Named(component.Name, "logs", "log-group:"+webACLLogPrefix)
}

// gatewayPermissions are by the tag: an ARN of API Gateway is a path with an id that AWS assigns.
// What belongs to an API, a domain name or a usage plan has the tag of that.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
func gatewayPermissions(s policy.Scope) []policy.Statement {
	return slices.Concat([]policy.Statement{
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
	}, gatewayTagPermissions(s), []policy.Statement{{
		// A domain name is created with its certificate.
		// https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html
		Sid:       "NewDomainCertificate",
		Actions:   []string{"apigateway:AddCertificateToDomain"},
		Resources: gatewayARNs(s, "/domainnames"),
	}})
}

func gatewayTagPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{
		{
			// A create call with tags is also authorized as a PUT on the tags of the new object. Existing objects keep
			// their tag: changing tags requires a PATCH on the object, which must have the stack's tag.
			// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
			// https://github.com/mattclay/aws-terminator/pull/284
			Sid:       "NewAPITags",
			Actions:   []string{"apigateway:PUT"},
			Resources: gatewayARNs(s, "/tags/*"),
			Condition: s.Tagging(),
		},
		{
			// Other tags are changed under a path that has no tag itself. AWS treats a tag whose key differs in case only
			// as the stack's too.
			Sid:       "APITags",
			Actions:   []string{"apigateway:DELETE", "apigateway:PUT"},
			Resources: gatewayARNs(s, "/tags/*"),
			Condition: map[string]any{"ForAllValues:StringNotEqualsIgnoreCase": map[string]any{"aws:TagKeys": stacktag.Key}},
		},
	}
}

// webACLPermissions are on the web ACL, what it includes and what it is associated with.
func webACLPermissions(s policy.Scope) []policy.Statement {
	return []policy.Statement{{
		Sid: "WebACL",
		Actions: []string{
			"wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL",
			"wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
		},
		Resources: slices.Concat(s.Named(component.Name, "wafv2", "regional/webacl/"),
			s.ARNs("wafv2", "regional/managedruleset/*"), gatewayARNs(s, "/restapis/*")),
	}}
}

// gatewayReads are about API Gateway. The description of a key, or of a plan's keys, holds a key's value,
// so those are the stack's own. The rest holds no secret, and a deleted object has no tag that a
// condition could match. Of domain names, APIs and plans the lists are read too, for their
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
			// iam/compose.go, and logs:PutResourcePolicy, which iam/logdelivery.go replaces.
			// https://docs.aws.amazon.com/waf/latest/developerguide/logging-cw-logs.html
			Sid:       "WebACLLog",
			Actions:   []string{"wafv2:DeleteLoggingConfiguration", "wafv2:GetLoggingConfiguration"},
			Resources: s.Named(component.Name, "wafv2", "regional/webacl/"),
		},
		{
			// Requests are logged to the stack's own log group, not to another stack's or another account's.
			Sid:       "LogDestination",
			Actions:   []string{"wafv2:PutLoggingConfiguration"},
			Resources: s.Named(component.Name, "wafv2", "regional/webacl/"),
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
