package gateway

import (
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// A key is in one usage plan for each stage.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
func TestAnAPIKeyHasOneUsagePlanPerStage(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "planned")
	plan := func(stage string) *string {
		t.Helper()
		created, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{
			Name: aws.String("plan of " + stage), ApiStages: []types.ApiStage{{ApiId: id, Stage: &stage}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return created.Id
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
		t.Errorf("a key in two plans of a stage: %v", err)
	}
	if err := join(elsewhere); err != nil {
		t.Errorf("a key in a plan of another stage: %v", err)
	}
	_, err = client.DeleteUsagePlanKey(t.Context(), &apigateway.DeleteUsagePlanKeyInput{UsagePlanId: first, KeyId: key.Id})
	if err == nil {
		err = join(second)
	}
	if err != nil {
		t.Errorf("a key that has left its plan: %v", err)
	}
}

// The provider does not escape the slashes of a method's path. With a patch operation it removes the stage first.
func TestAUsagePlanThrottlesMethodsOfItsStage(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "throttled")
	deployed, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
	if err == nil {
		_, err = client.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("dev"), DeploymentId: deployed.Id})
	}
	if err != nil {
		t.Fatal(err)
	}
	create := func(plan *types.ThrottleSettings, method string) (*apigateway.CreateUsagePlanOutput, error) {
		return client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{
			Name: aws.String("plan"), Throttle: plan,
			ApiStages: []types.ApiStage{{ApiId: id, Stage: aws.String("dev"), Throttle: map[string]types.ThrottleSettings{method: {RateLimit: 2, BurstLimit: 3}}}},
		})
	}
	limits := &types.ThrottleSettings{RateLimit: 20, BurstLimit: 30}
	if _, err := create(nil, "/items/{id}/GET"); errorCode(err) != "BadRequestException" {
		t.Errorf("a method's throttle without the plan's: %v", err)
	}
	for _, method := range []string{"/items/{id}/DELETE", "/nothing/GET", "*/*", "GET"} {
		if _, err := create(limits, method); errorCode(err) != "NotFoundException" {
			t.Errorf("a throttle of %s: %v", method, err)
		}
	}
	plan, err := create(limits, "/items/{id}/GET")
	if err != nil {
		t.Fatal(err)
	}
	throttles := func(want map[string]types.ThrottleSettings) {
		t.Helper()
		got, err := client.GetUsagePlan(t.Context(), &apigateway.GetUsagePlanInput{UsagePlanId: plan.Id})
		if err != nil || len(got.ApiStages) != 1 || !reflect.DeepEqual(got.ApiStages[0].Throttle, want) {
			t.Errorf("got %+v, %v; want %v", got, err, want)
		}
	}
	throttles(map[string]types.ThrottleSettings{"/items/{id}/GET": {RateLimit: 2, BurstLimit: 3}})
	stage := *id + ":dev"
	move := func(method string) error {
		_, err := client.UpdateUsagePlan(t.Context(), &apigateway.UpdateUsagePlanInput{UsagePlanId: plan.Id, PatchOperations: []types.PatchOperation{
			{Op: types.OpRemove, Path: aws.String("/apiStages"), Value: &stage},
			{Op: types.OpAdd, Path: aws.String("/apiStages"), Value: &stage},
			replace("/apiStages/"+stage+"/throttle/"+method+"/rateLimit", "4"),
			replace("/apiStages/"+stage+"/throttle/"+method+"/burstLimit", "5"),
		}})
		return err
	}
	if err := move("/items/{id}/DELETE"); errorCode(err) != "NotFoundException" {
		t.Errorf("a throttle of a method that the stage lacks: %v", err)
	}
	if err := move("/items/{id}/PUT"); err != nil {
		t.Fatal(err)
	}
	throttles(map[string]types.ThrottleSettings{"/items/{id}/PUT": {RateLimit: 4, BurstLimit: 5}})
}
