package iam

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployAPI makes and changes the API with its names and its firewall, and the functions.
func (s site) deployAPI() rights {
	return rights{"api", slices.Concat(s.gatewayRights(), s.functionRights(), s.nameRights())}
}

// gateway is an ARN of API Gateway, whose paths name no account.
func (s site) gateway(path string) pulumi.StringInput {
	return pulumi.String(fmt.Sprintf("arn:%s:apigateway:%s::%s", s.partition, s.region, path))
}

func (s site) gatewayRights() []policy.Statement {
	return []policy.Statement{
		{
			// API Gateway knows methods and paths; the ids within are AWS's.
			Sid: "API",
			Actions: []string{
				"apigateway:DELETE", "apigateway:PATCH", "apigateway:POST", "apigateway:PUT",
				"apigateway:SetWebACL", "apigateway:UpdateRestApiPolicy",
			},
			Resources: []pulumi.StringInput{
				s.gateway("/account"), s.gateway("/apikeys"), s.gateway("/apikeys/*"), s.gateway("/domainnames"),
				s.gateway("/domainnames/*"), s.gateway("/restapis"), s.gateway("/restapis/*"), s.gateway("/tags/*"),
				s.gateway("/usageplans"), s.gateway("/usageplans/*"),
			},
		},
		{
			Sid: "WebACL",
			Actions: []string{
				"wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL",
				"wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
			},
			Resources: append(s.names("wafv2", "regional/webacl/"),
				s.arn("wafv2", "regional/managedruleset/*"), s.gateway("/restapis/*")),
		},
	}
}

func (s site) functionRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid: "Function",
			Actions: []string{
				"lambda:AddPermission", "lambda:CreateAlias", "lambda:CreateFunction", "lambda:DeleteAlias",
				"lambda:DeleteFunction", "lambda:DeleteFunctionConcurrency",
				"lambda:DeleteProvisionedConcurrencyConfig", "lambda:GetFunctionConfiguration",
				"lambda:InvokeFunction", "lambda:PublishVersion", "lambda:PutFunctionConcurrency",
				"lambda:PutProvisionedConcurrencyConfig", "lambda:RemovePermission", "lambda:TagResource", "lambda:UntagResource", "lambda:UpdateAlias",
				"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration",
			},
			Resources: s.names("lambda", "function:"),
		},
		{
			// Targets have ids that AWS makes up; the tag tells whose they are, and what scales is
			// Lambda's alone.
			Sid: "WarmExecutions",
			Actions: []string{
				"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
				"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
				"application-autoscaling:TagResource", "application-autoscaling:UntagResource",
			},
			Resources: []pulumi.StringInput{s.arn("application-autoscaling", "scalable-target/*")},
			Condition: map[string]any{"StringEqualsIfExists": map[string]any{
				"application-autoscaling:service-namespace": "lambda",
			}},
		},
		{
			Sid:       "FunctionRoles",
			Actions:   []string{"iam:PassRole"},
			Resources: []pulumi.StringInput{s.global("iam", "role/"+s.prefix+"-api-*")},
			Condition: map[string]any{"StringEquals": map[string]any{
				"iam:PassedToService": []string{"apigateway.amazonaws.com", "lambda.amazonaws.com"},
			}},
		},
	}
}

func (s site) nameRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid:       "NewNames",
			Actions:   []string{"acm:RequestCertificate", "route53:CreateHostedZone"},
			Resources: policy.Anywhere,
		},
		{
			Sid: "Names",
			Actions: []string{
				"acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate",
				"route53:ChangeResourceRecordSets", "route53:ChangeTagsForResource", "route53:DeleteHostedZone",
			},
			Resources: []pulumi.StringInput{s.arn("acm", "certificate/*"), s.zones()},
		},
	}
}
