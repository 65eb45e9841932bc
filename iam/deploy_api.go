package iam

import (
	"fmt"
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// deployAPI makes and changes the API with its certificate and its firewall, and the functions.
func (s site) deployAPI() rights {
	return rights{"api", slices.Concat(s.gatewayRights(), s.functionRights(), s.warmRights(), s.certificateRights())}
}

// gateway is an ARN of API Gateway, whose paths name no account.
func (s site) gateway(path string) pulumi.StringInput {
	return pulumi.String(fmt.Sprintf("arn:%s:apigateway:%s::%s", s.Partition, s.Region, path))
}

// gatewayRights are by the tag: API Gateway knows methods and paths, and the ids within are AWS's.
// What lies under an API, a domain name or a usage plan has the tag of that.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-supported-resources.html
func (s site) gatewayRights() []policy.Statement {
	return []policy.Statement{
		{
			Sid:     "NewAPI",
			Actions: []string{"apigateway:POST"},
			Resources: []pulumi.StringInput{
				s.gateway("/apikeys"), s.gateway("/domainnames"), s.gateway("/restapis"), s.gateway("/usageplans"),
			},
			Condition: s.tagging(),
		},
		{
			Sid: "API",
			Actions: []string{
				"apigateway:AddCertificateToDomain", "apigateway:DELETE", "apigateway:PATCH", "apigateway:POST",
				"apigateway:PUT", "apigateway:RemoveCertificateFromDomain", "apigateway:SetWebACL",
			},
			Resources: []pulumi.StringInput{
				s.gateway("/apikeys/*"), s.gateway("/domainnames/*"), s.gateway("/restapis/*"), s.gateway("/usageplans/*"),
			},
			Condition: s.tagged(),
		},
		{
			// A create call with tags is authorised as a PUT on the tags of the new object, too. The tag of
			// what exists stays: changing tags takes a PATCH on their object, which has to carry the tag.
			// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-tagging-iam-policy.html
			// https://github.com/mattclay/aws-terminator/pull/284
			Sid:       "NewAPITags",
			Actions:   []string{"apigateway:PUT"},
			Resources: []pulumi.StringInput{s.gateway("/tags/*")},
			Condition: s.tagging(),
		},
		{
			// Any other tag is changed under a path that carries no tag itself. AWS takes a tag of the same key
			// in other case for the stack's, too.
			Sid:       "APITags",
			Actions:   []string{"apigateway:DELETE", "apigateway:PUT"},
			Resources: []pulumi.StringInput{s.gateway("/tags/*")},
			Condition: map[string]any{"ForAllValues:StringNotEqualsIgnoreCase": map[string]any{"aws:TagKeys": stacktag.Key}},
		},
		{
			// A domain name is made with its certificate.
			// https://docs.aws.amazon.com/service-authorization/latest/reference/list_apigateway.html
			Sid:       "NewDomainCertificate",
			Actions:   []string{"apigateway:AddCertificateToDomain"},
			Resources: []pulumi.StringInput{s.gateway("/domainnames")},
		},
		{
			Sid: "WebACL",
			Actions: []string{
				"wafv2:AssociateWebACL", "wafv2:CreateWebACL", "wafv2:DeleteWebACL", "wafv2:DisassociateWebACL",
				"wafv2:TagResource", "wafv2:UntagResource", "wafv2:UpdateWebACL",
			},
			Resources: append(s.names("wafv2", "regional/webacl/", roomAPI),
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
				"lambda:InvokeFunction", "lambda:ListAliases", "lambda:ListProvisionedConcurrencyConfigs", "lambda:PublishVersion",
				"lambda:PutFunctionConcurrency",
				"lambda:PutProvisionedConcurrencyConfig", "lambda:RemovePermission", "lambda:TagResource",
				"lambda:UntagResource", "lambda:UpdateAlias", "lambda:UpdateFunctionCode",
				"lambda:UpdateFunctionConfiguration",
			},
			Resources: s.names("lambda", "function:", roomAPI),
		},
		s.passing("FunctionRoles", "lambda.amazonaws.com",
			roomAPI+"-function-role", roomAPI+"-migrate-role", roomAPI+"-rotate-role", roomAPI+"-cache-user-role"),
	}
}

// warmRights keep executions warm by a schedule or by use. Targets have ids that AWS makes up.
func (s site) warmRights() []policy.Statement {
	targets := []pulumi.StringInput{s.arn("application-autoscaling", "scalable-target/*")}
	newTargets := s.withoutID("application-autoscaling", "scalable-target/")
	return []policy.Statement{
		{
			// A target that exists is not registered with tags: AWS has the caller tag it by its ARN.
			// https://github.com/terraform-aws-modules/terraform-aws-rds-aurora/pull/420
			// What Application Auto Scaling scales of other services, such as tables and containers, is not the stack's.
			Sid:       "NewTarget",
			Actions:   []string{"application-autoscaling:RegisterScalableTarget"},
			Resources: newTargets,
			Condition: map[string]any{"StringEquals": map[string]any{
				stacktag.InRequest: s.owner(), "application-autoscaling:service-namespace": "lambda",
			}},
		},
		{
			Sid:       "TagNewTarget",
			Actions:   []string{"application-autoscaling:TagResource"},
			Resources: newTargets,
			Condition: s.tagging(),
		},
		{
			Sid: "Target",
			Actions: []string{
				"application-autoscaling:DeleteScalingPolicy", "application-autoscaling:DeregisterScalableTarget",
				"application-autoscaling:PutScalingPolicy", "application-autoscaling:RegisterScalableTarget",
				"application-autoscaling:TagResource", "application-autoscaling:UntagResource",
			},
			Resources: targets,
			Condition: s.tagged(),
		},
		{
			// A policy that tracks a target has its alarms made in the caller's name.
			// https://docs.aws.amazon.com/autoscaling/application/userguide/security_iam_id-based-policy-examples.html
			Sid:       "TargetAlarms",
			Actions:   []string{"cloudwatch:DeleteAlarms", "cloudwatch:PutMetricAlarm"},
			Resources: []pulumi.StringInput{s.names("cloudwatch", "alarm:TargetTracking-function:", roomAPI)[0]},
		},
	}
}

// certificateRights are about the certificate of the host name.
func (s site) certificateRights() []policy.Statement {
	certificates := []pulumi.StringInput{s.arn("acm", "certificate/*")}
	// A name that has been validated once is issued certificates for as long as its record stands, to every role of
	// the account. A call without the key would meet ForAllValues.
	// https://docs.aws.amazon.com/acm/latest/userguide/acm-conditions.html
	ofHostName := s.tagging()
	ofHostName["ForAllValues:StringEquals"] = map[string]any{"acm:DomainNames": s.stack + "." + s.domain}
	ofHostName["Null"] = map[string]any{"acm:DomainNames": "false"}
	return []policy.Statement{
		{
			Sid:       "NewCertificate",
			Actions:   []string{"acm:RequestCertificate"},
			Resources: policy.Anywhere,
			Condition: ofHostName,
		},
		{
			Sid:       "TagNewCertificate",
			Actions:   []string{"acm:AddTagsToCertificate"},
			Resources: s.withoutID("acm", "certificate/"),
			Condition: s.tagging(),
		},
		{
			Sid:       "Certificate",
			Actions:   []string{"acm:AddTagsToCertificate", "acm:DeleteCertificate", "acm:RemoveTagsFromCertificate"},
			Resources: certificates,
			Condition: s.tagged(),
		},
	}
}
