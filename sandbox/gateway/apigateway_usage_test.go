package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// A key is in one usage plan for each stage.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
func TestAKeyThatChangesItsPlanLeavesTheOldOneFirst(t *testing.T) {
	s := newStand(t, nil)
	client, id := importedAPIOf(t, s, "planned")
	plan := func(stage string) *string {
		t.Helper()
		made, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{
			Name: aws.String("plan of " + stage), ApiStages: []types.ApiStage{{ApiId: id, Stage: &stage}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return made.Id
	}
	key, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("moved"), Enabled: true})
	if err != nil {
		t.Fatal(err)
	}
	join := func(plan *string) error {
		_, err := client.CreateUsagePlanKey(t.Context(), &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan, KeyId: key.Id, KeyType: aws.String("API_KEY")})
		return err
	}
	first, second, elsewhere := plan("dev"), plan("dev"), plan("test")
	if err := join(first); err != nil {
		t.Fatal(err)
	}
	if err := join(second); errorCode(err) != "ConflictException" {
		t.Errorf("the key is in two plans of a stage: %v", err)
	}
	if err := join(elsewhere); err != nil {
		t.Errorf("a plan of another stage: %v", err)
	}
	_, err = client.DeleteUsagePlanKey(t.Context(), &apigateway.DeleteUsagePlanKeyInput{UsagePlanId: first, KeyId: key.Id})
	if err == nil {
		err = join(second)
	}
	if err != nil {
		t.Errorf("the key that left its plan: %v", err)
	}
}
