package gateway

import (
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/didomi/serverless-api/sandbox/restapi"
)

func TestRemovals(t *testing.T) {
	remove := func(path string) patchOperation { return patchOperation{Op: "remove", Path: path} }
	for _, c := range []struct {
		name      string
		operation patchOperation
		want      []patchOperation
	}{
		{"all settings of a method, slashes as they are", remove("/items/{id}/PUT"), []patchOperation{remove("/items~1{id}/PUT")}},
		{"all settings of a method, slashes escaped", remove("/~1items~1{id}/PUT"), []patchOperation{remove("/items~1{id}/PUT")}},
		{"all settings of all methods", remove("/*/*"), []patchOperation{remove("/*/*")}},
		{"one setting", remove("/items/PUT/throttling/rateLimit"), nil},
		{"a variable that is called like a method", remove("/variables/GET"), nil},
		{"another operation", patchOperation{Op: "replace", Path: "/items/PUT", Value: "x"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := removals([]patchOperation{c.operation}); !slices.Equal(got, c.want) {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}

func TestAThrottleOfOneMethodComesAndGoes(t *testing.T) {
	s := newStand(t, nil)
	client := apigateway.NewFromConfig(s.config())
	id := deployedAPI(t, client)
	settings := func() map[string]restapi.MethodSettings {
		stage, err := s.gateway.Stage(t.Context(), *id, "dev")
		if err != nil {
			t.Fatal(err)
		}
		return stage.Methods
	}
	patchStage(t, client, id, []types.PatchOperation{
		replace("/items/{id}/PUT/throttling/rateLimit", "5"), replace("/items/{id}/PUT/throttling/burstLimit", "7"),
	})
	if got := settings()["items/{id}/PUT"]; got != (restapi.MethodSettings{Rate: 5, Burst: 7}) {
		t.Errorf("%+v", got)
	}
	patchStage(t, client, id, []types.PatchOperation{{Op: types.OpRemove, Path: aws.String("/items/{id}/PUT")}})
	if got, there := settings()["items/{id}/PUT"]; there {
		t.Errorf("%+v is left", got)
	}
}

// deployedAPI has the test's document deployed to the stage dev.
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
