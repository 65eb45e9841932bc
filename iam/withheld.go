package iam

import (
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// withheld are the actions that the deploy role's boundary denies, because each has the effect of a permission
// that a deployment must not have. The names of the actions do not show it: secretsmanager:UpdateSecret can set a
// secret's value, and rds:ModifyDBCluster a password. docs/reference/iam-permissions.md lists what stays possible.
func (b builder) withheld() []policy.Statement {
	deny := func(sid string, actions []string, resources []pulumi.StringInput, condition map[string]any) policy.Statement {
		return policy.Statement{Sid: sid, Deny: true, Actions: actions, Resources: resources, Condition: condition}
	}
	present := func(key string) map[string]any { return map[string]any{key: "false"} }
	const replicas, rotation = "secretsmanager:AddReplicaRegions", "secretsmanager:RotationLambdaARN"
	return []policy.Statement{
		deny("NoSecretValue", secretValueActions, policy.Anywhere, nil),
		// A replica is a copy of the value, which replaces a secret of that name in the other region.
		deny("NoReplica", []string{"secretsmanager:CreateSecret"}, policy.Anywhere, map[string]any{"Null": present(replicas)}),
		// Secrets Manager invokes the function, which may then set the secret's value.
		deny("NoOtherRotation", []string{"secretsmanager:RotateSecret"}, policy.Anywhere, map[string]any{
			"Null": present(rotation), "ArnNotLike": map[string]any{rotation: b.Named(componentAPI, "lambda", "function:")},
		}),
		// The key is false for a cluster whose master password a caller sets, in a change too.
		// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
		deny("NoMasterPassword", []string{"rds:CreateDBCluster", "rds:ModifyDBCluster"}, policy.Anywhere,
			map[string]any{"Bool": map[string]any{"rds:ManageMasterUserPassword": "false"}}),
		// The deploy role may write the bucket's policy, which could grant these actions to the role itself.
		deny("NoFile", []string{"s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*"}, b.Objects(componentData), nil),
		deny("NoLog", logActions, policy.Anywhere, nil),
		deny("NoOtherInvoker", []string{"lambda:AddPermission"}, policy.Anywhere, map[string]any{
			"StringNotEquals": map[string]any{"lambda:Principal": []string{"apigateway.amazonaws.com", "secretsmanager.amazonaws.com"}},
		}),
		// The rows of the database are the operators' to read.
		deny("NoQuery", []string{"lambda:InvokeFunction"}, b.queryFunctions(), nil),
		// An alarm's action can stop any instance of the account.
		// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-alarm-actions.html
		deny("AlarmsNotifyOnly", []string{"cloudwatch:PutCompositeAlarm", "cloudwatch:PutMetricAlarm"}, policy.Anywhere,
			map[string]any{"ForAnyValue:StringNotLike": map[string]any{"cloudwatch:AlarmActions": b.alarmActions()}}),
	}
}

// secretValueActions read a secret's value, write one, move the staging label of the current one, or allow
// others to do so.
var secretValueActions = []string{
	"secretsmanager:BatchGetSecretValue", "secretsmanager:DeleteResourcePolicy", "secretsmanager:GetSecretValue",
	"secretsmanager:PutResourcePolicy", "secretsmanager:PutSecretValue", "secretsmanager:ReplicateSecretToRegions",
	"secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage",
}

// logActions read log events, send them elsewhere, or allow others to write into the account's log groups.
var logActions = []string{
	"logs:CreateExportTask", "logs:DeleteResourcePolicy", "logs:FilterLogEvents", "logs:GetLogEvents",
	"logs:GetLogObject", "logs:GetLogRecord", "logs:GetQueryResults", "logs:PutAccountPolicy", "logs:PutResourcePolicy",
	"logs:PutSubscriptionFilter", "logs:StartLiveTail", "logs:StartQuery", "logs:Unmask",
}

// alarmActions are what the stack's alarms do: publish to its topics and, those that Application Auto
// Scaling creates in the caller's name, run the scaling policies of its functions.
func (b builder) alarmActions() []pulumi.StringInput {
	return append(b.Named(componentAPI, "sns", ""),
		b.Named(componentAPI, "autoscaling", "scalingPolicy:*:resource/lambda/function:")...)
}
