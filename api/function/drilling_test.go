package function

import (
	"reflect"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

func TestTheFunctionOfDrillsReadsTheMasterSecretsOfRestoredClustersAlone(t *testing.T) {
	r := build(t, bare())
	got := r.Find(t, "aws:lambda/function:Function", testName+"-drill").Inputs
	for key, want := range map[string]any{
		"handler":   "drill",
		"timeout":   900.0,
		"vpcConfig": map[string]any{"subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupIds": []any{"sg-1"}},
		"environment": map[string]any{"variables": map[string]any{
			"DB_HOST": "proxy.host", "DB_PORT": "5432", "DB_NAME": "app", "DB_SSLMODE": "verify-full", "DB_SECRET_ARN": "arn:app",
		}},
	} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	statements := mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-drill-rights").Inputs["policy"])
	restored := mocks.FindStatement(t, statements, "ReadRestoredMasterSecrets")
	want := map[string]map[string]any{"StringLike": {
		"aws:ResourceTag/aws:rds:primaryDBClusterArn": "arn:aws:rds:eu-west-1:123456789012:cluster:" + testName[:len(testName)-len("-api")] + "-data-drill-*",
	}}
	if !reflect.DeepEqual(restored.Condition, want) || !reflect.DeepEqual(restored.Action, []string{"secretsmanager:GetSecretValue"}) {
		t.Errorf("got %+v, want %v", restored, want)
	}
	if app := mocks.FindStatement(t, statements, "ReadSecrets"); !reflect.DeepEqual(app.Resource, []string{"arn:app"}) || !reflect.DeepEqual(app.Action, []string{"secretsmanager:GetSecretValue"}) {
		t.Errorf("got %+v", app)
	}
}
