package iam

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

// TestTheDeployRolesBoundaryDeniesWithheldCalls repeats each denial with every call, so that a call removed from
// the program's lists fails it. The denials of values and logs cover every resource, without a condition.
func TestTheDeployRolesBoundaryDeniesWithheldCalls(t *testing.T) {
	pipeline := mocks.Statements(t, build(t, Default()).Find(t, "aws:iam/policy:Policy", componentName+"-pipeline").Inputs["policy"])
	everything, functions := []string{"*"}, []any{own("lambda", "function:didomi-test-api-*")}
	for name, want := range map[string]mocks.Statement{
		"the values of secrets": {
			Sid: "NoSecretValue", Resource: everything,
			Action: []string{
				"secretsmanager:BatchGetSecretValue", "secretsmanager:DeleteResourcePolicy", "secretsmanager:GetSecretValue",
				"secretsmanager:PutResourcePolicy", "secretsmanager:PutSecretValue", "secretsmanager:ReplicateSecretToRegions",
				"secretsmanager:UpdateSecret", "secretsmanager:UpdateSecretVersionStage",
			},
		},
		"replicas of secrets": {
			Sid: "NoReplica", Action: []string{"secretsmanager:CreateSecret"}, Resource: everything,
			Condition: map[string]map[string]any{"Null": {"secretsmanager:AddReplicaRegions": "false"}},
		},
		"rotations by other functions": {
			Sid: "NoOtherRotation", Action: []string{"secretsmanager:RotateSecret"}, Resource: everything,
			Condition: map[string]map[string]any{
				"Null":       {"secretsmanager:RotationLambdaARN": "false"},
				"ArnNotLike": {"secretsmanager:RotationLambdaARN": functions},
			},
		},
		"master passwords": {
			Sid: "NoMasterPassword", Action: []string{"rds:CreateDBCluster", "rds:ModifyDBCluster"}, Resource: everything,
			Condition: map[string]map[string]any{"Bool": {"rds:ManageMasterUserPassword": "false"}},
		},
		"files": {
			Sid: "NoFile", Action: []string{"s3:DeleteObject*", "s3:GetObject*", "s3:PutObject*"},
			Resource: []string{"arn:aws:s3:::didomi-test-data-*/*"},
		},
		"logs": {
			Sid: "NoLog", Resource: everything,
			Action: []string{
				"logs:CreateExportTask", "logs:DeleteResourcePolicy", "logs:FilterLogEvents", "logs:GetLogEvents",
				"logs:GetLogObject", "logs:GetLogRecord", "logs:GetQueryResults", "logs:PutAccountPolicy", "logs:PutResourcePolicy",
				"logs:PutSubscriptionFilter", "logs:StartLiveTail", "logs:StartQuery", "logs:Unmask",
			},
		},
		"functions for other invokers": {
			Sid: "NoOtherInvoker", Action: []string{"lambda:AddPermission"}, Resource: everything,
			Condition: map[string]map[string]any{"StringNotEquals": {"lambda:Principal": []any{"apigateway.amazonaws.com", "secretsmanager.amazonaws.com"}}},
		},
		"operators' queries": {
			Sid: "NoQuery", Action: []string{"lambda:InvokeFunction"}, Resource: []string{own("lambda", "function:didomi-test-api-query-*")},
		},
		"alarms that do more than notify or scale": {
			Sid: "AlarmsNotifyOnly", Action: []string{"cloudwatch:PutCompositeAlarm", "cloudwatch:PutMetricAlarm"}, Resource: everything,
			Condition: map[string]map[string]any{"ForAnyValue:StringNotLike": {"cloudwatch:AlarmActions": []any{
				own("sns", "didomi-test-api-*"), own("autoscaling", "scalingPolicy:*:resource/lambda/function:didomi-test-api-*"),
			}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			want.Effect = "Deny"
			if got := mocks.FindStatement(t, pipeline, want.Sid); !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestLogsAreDeliveredToTheStacksGroupsByTheAdministratorsPolicy(t *testing.T) {
	policy := build(t, Default()).Find(t, "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", componentName+"-log-delivery")
	var document map[string]any
	if err := json.Unmarshal([]byte(policy.Inputs["policyDocument"].(string)), &document); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Sid": "LogDelivery", "Effect": "Allow", "Principal": map[string]any{"Service": "delivery.logs.amazonaws.com"},
		"Action": []any{"logs:CreateLogStream", "logs:PutLogEvents"},
		"Resource": []any{
			own("logs", "log-group:didomi-test-*:log-stream:*"), own("logs", "log-group:aws-waf-logs-didomi-test-*:log-stream:*"),
		},
		"Condition": map[string]any{
			"StringEquals": map[string]any{"aws:SourceAccount": "123456789012"},
			"ArnLike":      map[string]any{"aws:SourceArn": own("logs", "*")},
		},
	}}}
	if !reflect.DeepEqual(document, want) {
		t.Errorf("%v, want %v", document, want)
	}
	if policy.Inputs["policyName"] != componentName+"-log-delivery" {
		t.Errorf("it is called %v", policy.Inputs["policyName"])
	}
}
