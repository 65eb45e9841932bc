package gateway

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/didomi/serverless-api/sandbox/restapi"
)

const testDocument = `{"openapi":"3.0.1","info":{"title":"imported","version":"1"},
"x-amazon-apigateway-binary-media-types":["*/*"],
"paths":{"/items/{id}":{"get":{"x-amazon-apigateway-integration":{"type":"aws_proxy"}},"put":{}},"/health":{"get":{}}}}`

// importedAPIOf creates an API and imports the document, as the provider does.
func importedAPIOf(t *testing.T, s *testEnv, name string) (*apigateway.Client, *string) {
	t.Helper()
	client := apigateway.NewFromConfig(s.config())
	api, err := client.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{
		Name: &name, EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}},
	})
	if err == nil {
		_, err = client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: api.Id, Mode: types.PutModeOverwrite, Body: []byte(testDocument)})
	}
	if err != nil {
		t.Fatal(err)
	}
	return client, api.Id
}

func TestPutRestApiImportsADocument(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "api")
	t.Run("which sets the API's name and binary media types", func(t *testing.T) {
		api, err := client.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: id})
		if err != nil || *api.Name != "imported" || !reflect.DeepEqual(api.BinaryMediaTypes, []string{"*/*"}) {
			t.Errorf("got %+v, %v", api, err)
		}
	})
	t.Run("whose paths become resources", func(t *testing.T) {
		response, err := client.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: id})
		if err != nil {
			t.Fatal(err)
		}
		parents, root := map[string]string{}, ""
		for _, r := range response.Items {
			parents[*r.Path] = aws.ToString(r.ParentId)
			if *r.Path == "/" {
				root = *r.Id
			}
		}
		if len(parents) != 4 || root == "" || parents["/health"] != root || parents["/items"] != root || parents["/items/{id}"] == "" {
			t.Errorf("got %v under root %s", parents, root)
		}
	})
	t.Run("and rejects an invalid document", func(t *testing.T) {
		_, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: id, Body: []byte(`{"paths":{}}`)})
		var bad *types.BadRequestException
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), "openapi") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and rejects an API that does not exist", func(t *testing.T) {
		_, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: aws.String("nobody"), Body: []byte(testDocument)})
		var missing *types.NotFoundException
		if !errors.As(err, &missing) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and denies a caller without permission", func(t *testing.T) {
		key, secret := user(t, s, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"apigateway:GET","Resource":"*"}]}`)
		_, err := apigateway.NewFromConfig(s.configOf(key, secret, "")).PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: id, Body: []byte(testDocument)})
		if code := errorCode(err); code != "AccessDeniedException" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and ImportRestApi creates an API", func(t *testing.T) {
		api, err := client.ImportRestApi(t.Context(), &apigateway.ImportRestApiInput{Body: []byte(testDocument)})
		if err != nil || *api.Name != "imported" || s.gateway.apis.Document(*api.Id) == nil {
			t.Errorf("got %+v, %v", api, err)
		}
	})
}

// A policy that was set without a deployment has no effect.
func TestAStageHasTheResourcePolicyOfItsDeployment(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "policies")
	deploy := func() string {
		t.Helper()
		deployment, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
		if err != nil {
			t.Fatal(err)
		}
		return *deployment.Id
	}
	policy := func() string {
		t.Helper()
		stage, err := s.gateway.Stage(t.Context(), *id, "dev")
		if err != nil {
			t.Fatal(err)
		}
		return stage.Policy
	}
	set := func(text string) {
		t.Helper()
		if _, err := client.UpdateRestApi(t.Context(), &apigateway.UpdateRestApiInput{RestApiId: id, PatchOperations: []types.PatchOperation{replace("/policy", text)}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := client.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: aws.String("dev"), DeploymentId: aws.String(deploy())}); err != nil {
		t.Fatal(err)
	}
	const denies = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*"}]}`
	set(denies)
	if got := policy(); got != "" {
		t.Errorf("before the deployment the stage has the policy %s", got)
	}
	patchStage(t, client, id, []types.PatchOperation{replace("/deploymentId", deploy())})
	if got := policy(); got != denies {
		t.Errorf("after the deployment the stage has the policy %s", got)
	}
}

func TestAStageServesItsDeploymentsDocument(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "staged")
	deployment, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
	if err == nil {
		_, err = client.CreateStage(t.Context(), &apigateway.CreateStageInput{
			RestApiId: id, StageName: aws.String("dev"), DeploymentId: deployment.Id, TracingEnabled: true, Variables: map[string]string{"k": "v"},
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	stage := func() restapi.Stage {
		t.Helper()
		stage, err := s.gateway.Stage(t.Context(), *id, "dev")
		if err != nil {
			t.Fatal(err)
		}
		return stage
	}
	if got := stage(); string(got.Document) != testDocument || got.Variables["k"] != "v" || !got.TracingEnabled || got.AccessLog != nil || got.DisableExecuteAPI {
		t.Errorf("got %+v", got)
	}
	read, err := client.GetStage(t.Context(), &apigateway.GetStageInput{RestApiId: id, StageName: aws.String("dev")})
	if err != nil || read.AccessLogSettings != nil {
		t.Errorf("a stage without access log has %+v, %v", read.AccessLogSettings, err)
	}
	changed := strings.Replace(testDocument, "/health", "/healthz", 1)
	if _, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: id, Body: []byte(changed)}); err != nil {
		t.Fatal(err)
	}
	if got := stage(); string(got.Document) != testDocument {
		t.Error("an import changed the deployed document")
	}
	export, err := client.GetExport(t.Context(), &apigateway.GetExportInput{RestApiId: id, StageName: aws.String("dev"), ExportType: aws.String("oas30")})
	if err != nil || string(export.Body) != testDocument {
		t.Errorf("the export is %s, %v", export.Body, err)
	}
	if err := setLogRole(t.Context(), client, logRole(t, s, "log-role-frozen", gatewayTrust, logsPolicy, "")); err != nil {
		t.Fatal(err)
	}
	patchStage(t, client, id, []types.PatchOperation{
		replace("/*/*/throttling/rateLimit", "20"), replace("/*/*/throttling/burstLimit", "40"),
		replace("/accessLogSettings/destinationArn", "arn:aws:logs:eu-west-1:000000000000:log-group:api"),
		replace("/accessLogSettings/format", "$context.requestId"),
	})
	second, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
	if err != nil {
		t.Fatal(err)
	}
	patchStage(t, client, id, []types.PatchOperation{replace("/deploymentId", *second.Id)})
	got := stage()
	if string(got.Document) != changed || got.DeploymentID != *second.Id {
		t.Errorf("after a new deployment the stage serves %s of %s", got.Document, got.DeploymentID)
	}
	if got.Methods["*/*"] != (restapi.MethodSettings{Rate: 20, Burst: 40}) || got.AccessLog == nil || got.AccessLog.Format != "$context.requestId" {
		t.Errorf("settings %+v, access log %+v", got.Methods, got.AccessLog)
	}
	if _, err := s.gateway.Stage(t.Context(), *id, "nobody"); !errors.Is(err, restapi.ErrNotFound) {
		t.Errorf("a stage that does not exist: %v", err)
	}
}

func replace(path, value string) types.PatchOperation {
	return types.PatchOperation{Op: types.OpReplace, Path: &path, Value: &value}
}

func patchStage(t *testing.T, client *apigateway.Client, id *string, operations []types.PatchOperation) {
	t.Helper()
	_, err := client.UpdateStage(t.Context(), &apigateway.UpdateStageInput{RestApiId: id, StageName: aws.String("dev"), PatchOperations: operations})
	if err != nil {
		t.Fatal(err)
	}
}

func TestUpdateRestApiAppliesPatchOperations(t *testing.T) {
	s := newTestEnv(t, nil)
	client := apigateway.NewFromConfig(s.config())
	api, err := client.CreateRestApi(t.Context(), &apigateway.CreateRestApiInput{Name: aws.String("patched"), BinaryMediaTypes: []string{"a/b"},
		EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeEdge}}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.UpdateRestApi(t.Context(), &apigateway.UpdateRestApiInput{RestApiId: api.Id, PatchOperations: []types.PatchOperation{
		{Op: types.OpAdd, Path: aws.String("/binaryMediaTypes/c~1d")},
		replace("/disableExecuteApiEndpoint", "true"), replace("/minimumCompressionSize", "1024"),
		replace("/endpointConfiguration/types/EDGE", "REGIONAL"), replace("/name", "renamed"),
		replace("/policy", `{"Version":"2012-10-17","Statement":[]}`),
	}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.GetRestApi(t.Context(), &apigateway.GetRestApiInput{RestApiId: api.Id})
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.BinaryMediaTypes, []string{"a/b", "c/d"}) || !got.DisableExecuteApiEndpoint || *got.MinimumCompressionSize != 1024 ||
		got.EndpointConfiguration.Types[0] != types.EndpointTypeRegional || len(got.EndpointConfiguration.Types) != 1 || *got.Name != "renamed" {
		t.Errorf("got %+v, endpoint %+v", got, got.EndpointConfiguration)
	}
	if *got.Policy != `{\"Version\":\"2012-10-17\",\"Statement\":[]}` {
		t.Errorf("the policy is %s", *got.Policy)
	}
}

func TestCustomDomains(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "domained")
	name := aws.String("dev.api.example.com")
	domain, err := client.CreateDomainName(t.Context(), &apigateway.CreateDomainNameInput{
		DomainName: name, RegionalCertificateArn: aws.String("arn:aws:acm:eu-west-1:000000000000:certificate/1"), SecurityPolicy: types.SecurityPolicyTls12,
		EndpointConfiguration: &types.EndpointConfiguration{Types: []types.EndpointType{types.EndpointTypeRegional}}, Tags: map[string]string{"a": "1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("is available immediately and has no mutual TLS", func(t *testing.T) {
		if domain.DomainNameStatus != types.DomainNameStatusAvailable || domain.MutualTlsAuthentication != nil || domain.DistributionDomainName != nil ||
			!strings.HasPrefix(*domain.RegionalDomainName, "d-") || aws.ToString(domain.RegionalHostedZoneId) == "" {
			t.Errorf("got %+v", domain)
		}
	})
	t.Run("can be patched and tagged", func(t *testing.T) {
		_, err := client.UpdateDomainName(t.Context(), &apigateway.UpdateDomainNameInput{DomainName: name, PatchOperations: []types.PatchOperation{replace("/regionalCertificateArn", "arn:2")}})
		if err == nil {
			_, err = client.TagResource(t.Context(), &apigateway.TagResourceInput{ResourceArn: aws.String("arn:aws:apigateway:eu-west-1::/domainnames/" + *name), Tags: map[string]string{"b": "2"}})
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.GetDomainName(t.Context(), &apigateway.GetDomainNameInput{DomainName: name})
		if err != nil || *got.RegionalCertificateArn != "arn:2" || !reflect.DeepEqual(got.Tags, map[string]string{"a": "1", "b": "2"}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("maps its root to a stage under the base path (none)", func(t *testing.T) {
		created, err := client.CreateBasePathMapping(t.Context(), &apigateway.CreateBasePathMappingInput{DomainName: name, RestApiId: id, Stage: aws.String("dev"), BasePath: aws.String("")})
		if err != nil || *created.BasePath != "(none)" {
			t.Fatalf("got %+v, %v", created, err)
		}
		read, err := client.GetBasePathMapping(t.Context(), &apigateway.GetBasePathMappingInput{DomainName: name, BasePath: aws.String("(none)")})
		if err != nil || *read.RestApiId != *id || *read.Stage != "dev" {
			t.Errorf("got %+v, %v", read, err)
		}
		all, err := client.GetBasePathMappings(t.Context(), &apigateway.GetBasePathMappingsInput{DomainName: name})
		if err != nil || len(all.Items) != 1 {
			t.Errorf("got %+v, %v", all, err)
		}
		served, err := s.gateway.Domain(t.Context(), *name)
		if err != nil || !reflect.DeepEqual(served.Mappings, []restapi.Mapping{{APIID: *id, Stage: "dev"}}) {
			t.Errorf("the data plane has %+v, %v", served, err)
		}
	})
	t.Run("changes and deletes a mapping", func(t *testing.T) {
		_, err := client.UpdateBasePathMapping(t.Context(), &apigateway.UpdateBasePathMappingInput{DomainName: name, BasePath: aws.String("(none)"), PatchOperations: []types.PatchOperation{replace("/stage", "prod")}})
		served, _ := s.gateway.Domain(t.Context(), *name)
		if err != nil || served.Mappings[0].Stage != "prod" {
			t.Errorf("got %+v, %v", served, err)
		}
		if _, err := client.DeleteBasePathMapping(t.Context(), &apigateway.DeleteBasePathMappingInput{DomainName: name, BasePath: aws.String("(none)")}); err != nil {
			t.Fatal(err)
		}
		_, err = client.GetBasePathMapping(t.Context(), &apigateway.GetBasePathMappingInput{DomainName: name, BasePath: aws.String("(none)")})
		if errorCode(err) != "NotFoundException" {
			t.Errorf("after the delete: %v", err)
		}
	})
	t.Run("can be deleted", func(t *testing.T) {
		_, err := client.DeleteDomainName(t.Context(), &apigateway.DeleteDomainNameInput{DomainName: name})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.gateway.Domain(t.Context(), *name); !errors.Is(err, restapi.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestUsagePlansAndKeys(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "metered")
	plan, err := client.CreateUsagePlan(t.Context(), &apigateway.CreateUsagePlanInput{Name: aws.String("plan"), ApiStages: []types.ApiStage{{ApiId: id, Stage: aws.String("dev")}}})
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("key"), Enabled: true, Value: aws.String("0123456789012345678901")})
	if err == nil {
		_, err = client.CreateUsagePlanKey(t.Context(), &apigateway.CreateUsagePlanKeyInput{UsagePlanId: plan.Id, KeyId: key.Id, KeyType: aws.String("API_KEY")})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a plan without limits is returned without limits", func(t *testing.T) {
		got, err := client.GetUsagePlan(t.Context(), &apigateway.GetUsagePlanInput{UsagePlanId: plan.Id})
		if err != nil || got.Throttle != nil || got.Quota != nil || len(got.ApiStages) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("limits and stages can be patched", func(t *testing.T) {
		_, err := client.UpdateUsagePlan(t.Context(), &apigateway.UpdateUsagePlanInput{UsagePlanId: plan.Id, PatchOperations: []types.PatchOperation{
			replace("/throttle/rateLimit", "12.5"), replace("/throttle/burstLimit", "30"), replace("/quota/limit", "100"), replace("/quota/period", "DAY"),
			{Op: types.OpAdd, Path: aws.String("/apiStages"), Value: aws.String("other:prod")},
		}})
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.GetUsagePlan(t.Context(), &apigateway.GetUsagePlanInput{UsagePlanId: plan.Id})
		if err != nil || got.Throttle.RateLimit != 12.5 || got.Throttle.BurstLimit != 30 || got.Quota.Limit != 100 || len(got.ApiStages) != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("the data plane has the key with its plan", func(t *testing.T) {
		keys, err := s.gateway.Keys(t.Context(), *id, "dev")
		if err != nil || len(keys) != 1 || keys[0].Value != "0123456789012345678901" || !keys[0].Enabled || keys[0].Plan.Rate != 12.5 || keys[0].Plan.Quota != 100 {
			t.Errorf("got %+v, %v", keys, err)
		}
	})
	t.Run("the data plane has a key that is disabled", func(t *testing.T) {
		got, err := client.UpdateApiKey(t.Context(), &apigateway.UpdateApiKeyInput{ApiKey: key.Id, PatchOperations: []types.PatchOperation{replace("/enabled", "false")}})
		keys, _ := s.gateway.Keys(t.Context(), *id, "dev")
		if err != nil || got.Enabled || len(keys) != 1 || keys[0].Enabled {
			t.Errorf("got %+v, %+v, %v", got, keys, err)
		}
	})
	t.Run("a key with an empty value gets a generated one", func(t *testing.T) {
		got, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Name: aws.String("generated"), Enabled: true, Value: aws.String("")})
		if err != nil || len(aws.ToString(got.Value)) < 20 || *got.Name != "generated" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("a key with a short value is rejected", func(t *testing.T) {
		_, err := client.CreateApiKey(t.Context(), &apigateway.CreateApiKeyInput{Value: aws.String("short")})
		if errorCode(err) != "BadRequestException" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a stage without a plan has no keys", func(t *testing.T) {
		keys, err := s.gateway.Keys(t.Context(), *id, "test")
		if err != nil || len(keys) != 0 {
			t.Errorf("got %+v, %v", keys, err)
		}
	})
}
