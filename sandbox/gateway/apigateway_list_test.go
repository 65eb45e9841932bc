package gateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// Create, list and update calls all return corrected resources.
func TestEveryResponseIsCorrected(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "everywhere")
	t.Run("a list of APIs", func(t *testing.T) {
		all, err := client.GetRestApis(t.Context(), &apigateway.GetRestApisInput{Limit: aws.Int32(500)})
		if err != nil {
			t.Fatal(err)
		}
		for _, api := range all.Items {
			if *api.Id == *id && len(api.BinaryMediaTypes) == 1 {
				return
			}
		}
		t.Errorf("%s with its binary types is not in %+v", *id, all.Items)
	})
	t.Run("a stage in every response", func(t *testing.T) {
		created, err := client.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("s"), DeploymentId: aws.String("d")})
		if err != nil || created.AccessLogSettings != nil {
			t.Errorf("created %+v, %v", created.AccessLogSettings, err)
		}
		all, err := client.GetStages(t.Context(), &apigateway.GetStagesInput{RestApiId: id})
		if err != nil || all.Item[0].AccessLogSettings != nil {
			t.Errorf("listed %+v, %v", all.Item, err)
		}
		changed, err := client.UpdateStage(t.Context(), &apigateway.UpdateStageInput{RestApiId: id, StageName: aws.String("s"), PatchOperations: []types.PatchOperation{replace("/description", "new")}})
		if err != nil || changed.AccessLogSettings != nil || *changed.Description != "new" {
			t.Errorf("changed %+v, %v", changed, err)
		}
	})
	t.Run("a usage plan in every response", func(t *testing.T) {
		created, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{Name: aws.String("bare")})
		if err != nil || created.Throttle != nil || created.Quota != nil {
			t.Errorf("created %+v, %v", created, err)
		}
		all, err := client.GetUsagePlans(t.Context(), &apigateway.GetUsagePlansInput{})
		if err != nil {
			t.Fatal(err)
		}
		for _, plan := range all.Items {
			if *plan.Id == *created.Id && (plan.Throttle != nil || plan.Quota != nil) {
				t.Errorf("listed %+v", plan)
			}
		}
	})
	t.Run("a key alone and in a list", func(t *testing.T) {
		created, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("listed"), Enabled: true})
		if err == nil {
			_, err = client.UpdateApiKey(t.Context(), &apigateway.UpdateApiKeyInput{ApiKey: created.Id, PatchOperations: []types.PatchOperation{replace("/enabled", "false")}})
		}
		if err != nil {
			t.Fatal(err)
		}
		all, err := client.GetApiKeys(t.Context(), &apigateway.GetApiKeysInput{NameQuery: aws.String("listed")})
		if err != nil || len(all.Items) != 1 || all.Items[0].Enabled {
			t.Errorf("got %+v, %v", all, err)
		}
		one, err := client.GetApiKey(t.Context(), &apigateway.GetApiKeyInput{ApiKey: created.Id})
		if err != nil || one.Enabled {
			t.Errorf("GetApiKey() = %+v, %v", one, err)
		}
	})
	t.Run("a domain in a list", func(t *testing.T) {
		name := aws.String("listed.example.com")
		if _, err := client.CreateDomainName(t.Context(), &apigateway.CreateDomainNameInput{DomainName: name}); err != nil {
			t.Fatal(err)
		}
		all, err := client.GetDomainNames(t.Context(), &apigateway.GetDomainNamesInput{})
		if err != nil || all.Items[0].DomainNameStatus != types.DomainNameStatusAvailable {
			t.Errorf("got %+v, %v", all, err)
		}
	})
}

func TestADeletionRemovesStoredMembers(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "leaving")
	deployment, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
	if err != nil {
		t.Fatal(err)
	}
	stage, arn := aws.String("s"), "arn:aws:apigateway:eu-west-1::"
	plan, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{Name: aws.String("p")})
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("k")})
	if err == nil {
		_, err = client.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: stage, DeploymentId: deployment.Id})
	}
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"/restapis/" + *id, "/restapis/" + *id + "/stages/s", "/usageplans/" + *plan.Id, "/apikeys/" + *key.Id}
	for _, resource := range keys {
		if _, err := client.TagResource(t.Context(), &apigateway.TagResourceInput{ResourceArn: aws.String(arn + resource), Tags: map[string]string{"a": "1"}}); err != nil {
			t.Fatal(err)
		}
		if s.gateway.account.Fields.Get(resource)["tags"] == nil {
			t.Errorf("the tags of %s are not stored", resource)
		}
	}
	_, err = client.DeleteStage(t.Context(), &apigateway.DeleteStageInput{RestApiId: id, StageName: stage})
	if err == nil {
		_, err = client.DeleteDeployment(t.Context(), &apigateway.DeleteDeploymentInput{RestApiId: id, DeploymentId: deployment.Id})
	}
	if err == nil && s.gateway.apis.Snapshot(*id, *deployment.Id) != nil {
		t.Error("the document of a deleted deployment is still stored")
	}
	if err == nil {
		_, err = client.DeleteUsagePlan(t.Context(), &apigateway.DeleteUsagePlanInput{UsagePlanId: plan.Id})
	}
	if err == nil {
		_, err = client.DeleteApiKey(t.Context(), &apigateway.DeleteApiKeyInput{ApiKey: key.Id})
	}
	if err == nil {
		_, err = client.DeleteRestApi(t.Context(), &apigateway.DeleteRestApiInput{RestApiId: id})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, resource := range keys {
		if left := s.gateway.account.Fields.Get(resource); left != nil {
			t.Errorf("stored members of %s: %v", resource, left)
		}
	}
	if s.gateway.apis.Document(*id) != nil {
		t.Error("the document of a deleted API is still stored")
	}
}

func TestTagsCanBeRemoved(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	api, err := client.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("untagged"), Tags: map[string]string{"a": "1", "b": "2"}})
	if err == nil {
		_, err = client.UntagResource(t.Context(), &apigateway.UntagResourceInput{ResourceArn: aws.String("arn:aws:apigateway:eu-west-1::/restapis/" + *api.Id), TagKeys: []string{"a"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: api.Id})
	if err != nil || len(got.Tags) != 1 || got.Tags["b"] != "2" {
		t.Errorf("got %v, %v", got.Tags, err)
	}
}
