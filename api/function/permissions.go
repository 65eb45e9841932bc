package function

import (
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
)

// Permissions are what the deploy role needs to create functions, to pass them their roles and to scale them.
func Permissions(s policy.Scope) []policy.Statement {
	return append(functionPermissions(s), scalingPermissions(s)...)
}

// DeclaredPermissions are what the pipeline's roles and the workload boundary need for resources that belong to one function.
func DeclaredPermissions(s policy.Scope) []policy.Permissions {
	var all []policy.Permissions
	for _, d := range declarations {
		if d.permissions != nil {
			all = append(all, d.permissions(s))
		}
	}
	return all
}

func functionPermissions(s policy.Scope) []policy.Statement {
	var roles []string
	for _, suffix := range Suffixes() {
		roles = append(roles, component.Name+"-"+suffix+"-role")
	}
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
			Resources: s.Named(component.Name, "lambda", "function:"),
		},
		s.PassRole("FunctionRoles", "lambda.amazonaws.com", roles...),
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
			Resources: s.Named(component.Name, "cloudwatch", "alarm:TargetTracking-function:"),
		},
	}
}
