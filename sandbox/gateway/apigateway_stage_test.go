package gateway

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/didomi/serverless-api/sandbox/restapi"
)

func TestAMethodsThrottleCanBeSetAndRemoved(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	const method = "~1items~1{id}/PUT"
	settings := func() map[string]types.MethodSetting {
		stage, err := client.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("dev")})
		if err != nil {
			t.Fatal(err)
		}
		return stage.MethodSettings
	}
	enforced := func() map[string]restapi.MethodSettings {
		stage, err := s.gateway.Stage(t.Context(), *id, "dev")
		if err != nil {
			t.Fatal(err)
		}
		return stage.Methods
	}
	patchStage(t, client, id, []types.PatchOperation{
		replace("/"+method+"/throttling/rateLimit", "5"), replace("/"+method+"/throttling/burstLimit", "7"),
		replace("/*/*/throttling/rateLimit", "9"),
	})
	if got := settings(); len(got) != 2 || got[method].ThrottlingRateLimit != 5 || got["*/*"].ThrottlingRateLimit != 9 {
		t.Errorf("the stage has %+v", got)
	}
	if got := enforced()[method]; got != (restapi.MethodSettings{Rate: 5, Burst: 7}) {
		t.Errorf("the data plane enforces %+v", got)
	}
	patchStage(t, client, id, []types.PatchOperation{{Op: types.OpRemove, Path: aws.String("/" + method)}})
	if got := enforced(); len(got) != 1 || got["*/*"].Rate != 9 {
		t.Errorf("after the removal: %+v", got)
	}
}

func TestAMethodSettingWithAnUnescapedPathIsRejected(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	_, err := client.UpdateStage(t.Context(), &apigateway.UpdateStageInput{
		RestApiId: id, StageName: aws.String("dev"), PatchOperations: []types.PatchOperation{
			replace("/description", "changed"), replace("/items/{id}/PUT/throttling/rateLimit", "5"),
		},
	})
	var bad *types.BadRequestException
	if !errors.As(err, &bad) || !strings.Contains(err.Error(), "/items/{id}/PUT/throttling/rateLimit") {
		t.Fatalf("got %v", err)
	}
	stage, err := client.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("dev")})
	if err != nil || len(stage.MethodSettings) != 0 || aws.ToString(stage.Description) == "changed" {
		t.Errorf("after the rejected call the stage is %+v, %v", stage, err)
	}
}

// deployedAPI deploys the test's document to the stage dev and returns the API's ID.
func deployedAPI(t *testing.T, client *apigateway.Client) *string {
	t.Helper()
	api, err := client.ImportRestApi(t.Context(), &apigateway.ImportRestApiInput{Body: []byte(testDocument)})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: api.Id, StageName: aws.String("dev")})
	if err != nil {
		t.Fatal(err)
	}
	return api.Id
}
