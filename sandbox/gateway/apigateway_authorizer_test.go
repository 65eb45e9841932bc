package gateway

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// securedDocument has an authorizer of these members.
func securedDocument(authorizer, security string) []byte {
	return []byte(`{"openapi":"3.0.1","info":{"title":"imported","version":"1"},"paths":{"/items":{"get":{"security":` + security + `}}},
		"components":{"securitySchemes":{"token":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
		"x-amazon-apigateway-authorizer":{` + authorizer + `}}}}}`)
}

const authorizerURI = `"authorizerUri":"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/arn:aws:lambda:eu-west-1:000000000000:function:f/invocations"`

func TestAnImportCreatesTheDocumentsAuthorizers(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "api")
	put := func(body []byte) error {
		_, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: id, Mode: types.PutModeOverwrite, Body: body})
		return err
	}
	valid := `"type":"request",` + authorizerURI + `,"identitySource":"method.request.header.Authorization"`
	if err := put(securedDocument(valid, `[{"token":[]}]`)); err != nil {
		t.Fatal(err)
	}
	listed, err := client.GetAuthorizers(t.Context(), &apigateway.GetAuthorizersInput{RestApiId: id})
	if err != nil || len(listed.Items) != 1 {
		t.Fatalf("%+v, %v", listed, err)
	}
	got, err := client.GetAuthorizer(t.Context(), &apigateway.GetAuthorizerInput{RestApiId: id, AuthorizerId: listed.Items[0].Id})
	if err != nil || *got.Name != "token" || got.Type != types.AuthorizerTypeRequest || *got.AuthorizerResultTtlInSeconds != 300 ||
		*got.IdentitySource != "method.request.header.Authorization" || *got.Id != restapi.AuthorizerID(*id, "token") {
		t.Errorf("%+v, %v", got, err)
	}
	for name, test := range map[string]struct{ authorizer, security, want string }{
		"an unknown scheme":                     {valid, `[{"other":[]}]`, `"other" is not defined`},
		"a TTL over an hour":                    {valid + `,"authorizerResultTtlInSeconds":3601`, `[]`, "must be between 0 and 3600"},
		"a cached result without its source":    {`"type":"request",` + authorizerURI, `[]`, "identity source is required"},
		"another type":                          {`"type":"jwt",` + authorizerURI, `[]`, "must be token or request"},
		"a URI that is not a function's":        {`"type":"token","authorizerUri":"arn:aws:lambda:eu-west-1:000000000000:function:f"`, `[]`, "invalid authorizer URI"},
		"a source that is not one of a request": {`"type":"request",` + authorizerURI + `,"identitySource":"Authorization"`, `[]`, "invalid identity source"},
	} {
		t.Run(name, func(t *testing.T) {
			err := put(securedDocument(test.authorizer, test.security))
			var bad *types.BadRequestException
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v, want BadRequestException %s", err, test.want)
			}
		})
	}
}

func TestFlushingTheAuthorizersCacheOfAStageIsSeenByTheDataPlane(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "flushed")
	deployment, err := client.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"v1", "v2"} {
		if _, err := client.CreateStage(t.Context(), &apigateway.CreateStageInput{RestApiId: id, StageName: &name, DeploymentId: deployment.Id}); err != nil {
			t.Fatal(err)
		}
	}
	flush := func(stage string) error {
		_, err := client.FlushStageAuthorizersCache(t.Context(), &apigateway.FlushStageAuthorizersCacheInput{RestApiId: id, StageName: &stage})
		return err
	}
	before := map[string]restapi.Stage{}
	for _, name := range []string{"v1", "v2"} {
		if before[name], err = s.gateway.Stage(t.Context(), *id, name); err != nil {
			t.Fatal(err)
		}
	}
	if err := flush("v1"); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"v1": true, "v2": false} {
		after, err := s.gateway.Stage(t.Context(), *id, name)
		if err != nil || (after.AuthorizerFlushes != before[name].AuthorizerFlushes) != want {
			t.Errorf("stage %s: flushed %d times before, %d after, %v", name, before[name].AuthorizerFlushes, after.AuthorizerFlushes, err)
		}
	}
	var missing *types.NotFoundException
	if err := flush("v3"); !errors.As(err, &missing) {
		t.Errorf("a stage that does not exist: %v", err)
	}
}

func TestGetMethodReturnsWhatTheDocumentsOperationRequires(t *testing.T) {
	s := newTestEnv(t, nil)
	client, id := importedAPIOf(t, s, "methods")
	const document = `{"openapi":"3.0.1","info":{"title":"imported","version":"1"},"security":[{"signature":[]}],
		"paths":{"/items/{id}":{"parameters":[],"get":{"operationId":"getItem"},"put":{"security":[{"token":[]},{"key":[]}]},"delete":{"security":[]}}},
		"components":{"securitySchemes":{"key":{"type":"apiKey","name":"x-api-key","in":"header"},
		"signature":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"awsSigv4"},
		"token":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
		"x-amazon-apigateway-authorizer":{"type":"token",` + authorizerURI + `}}}}}`
	if _, err := client.PutRestApi(t.Context(), &apigateway.PutRestApiInput{RestApiId: id, Mode: types.PutModeOverwrite, Body: []byte(document)}); err != nil {
		t.Fatal(err)
	}
	resources, err := client.GetResources(t.Context(), &apigateway.GetResourcesInput{RestApiId: id})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(resources.Items, func(r types.Resource) bool { return *r.Path == "/items/{id}" })
	item, authorizer := resources.Items[i], restapi.AuthorizerID(*id, "token")
	if len(item.ResourceMethods) != 3 {
		t.Errorf("it has the methods %v", item.ResourceMethods)
	}
	for _, test := range []struct {
		method, kind, authorizer, operation string
		key                                 bool
	}{
		{"GET", "AWS_IAM", "", "getItem", false},
		{"PUT", "CUSTOM", authorizer, "", true},
		{"DELETE", "NONE", "", "", false},
	} {
		got, err := client.GetMethod(t.Context(), &apigateway.GetMethodInput{RestApiId: id, ResourceId: item.Id, HttpMethod: &test.method})
		if err != nil || *got.HttpMethod != test.method || *got.AuthorizationType != test.kind || aws.ToString(got.AuthorizerId) != test.authorizer ||
			*got.ApiKeyRequired != test.key || aws.ToString(got.OperationName) != test.operation {
			t.Errorf("%s: %+v, %v", test.method, got, err)
		}
	}
	for name, input := range map[string]*apigateway.GetMethodInput{
		"a method":   {RestApiId: id, ResourceId: item.Id, HttpMethod: aws.String("PATCH")},
		"a resource": {RestApiId: id, ResourceId: aws.String("nobody"), HttpMethod: aws.String("GET")},
	} {
		var missing *types.NotFoundException
		if _, err := client.GetMethod(t.Context(), input); !errors.As(err, &missing) {
			t.Errorf("%s that does not exist: %v", name, err)
		}
	}
}

func TestThePrincipalOfAnAccessKeyIsReadWithItsPolicies(t *testing.T) {
	s := newTestEnv(t, nil)
	key, secret := user(t, s, "caller", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:*:*:api1/*"}]}`)
	p, err := s.gateway.Principal(t.Context(), key)
	if err != nil || p.SecretAccessKey != secret || p.SessionToken != "" || !p.Expires.IsZero() || !strings.HasSuffix(p.ARN, ":user/caller") || p.ID == "" {
		t.Fatalf("%+v, %v", p, err)
	}
	for arn, want := range map[string]bool{"arn:aws:execute-api:eu-west-1:0:api1/v1/GET/x": true, "arn:aws:execute-api:eu-west-1:0:api2/v1/GET/x": false} {
		if got := p.Policies.Allows("execute-api:Invoke", iampolicy.Resource{ARN: arn}); got != want {
			t.Errorf("%s: allowed %v", arn, got)
		}
	}
	if _, err := s.gateway.Principal(t.Context(), "AKIAUNKNOWN"); !errors.Is(err, restapi.ErrNotFound) {
		t.Errorf("an unknown key: %v", err)
	}
	root := aws.ToString(&s.gateway.config.AccessKeyID)
	if p, err = s.gateway.Principal(t.Context(), root); err != nil || !p.Policies.Allows("execute-api:Invoke", iampolicy.Resource{ARN: "arn"}) {
		t.Errorf("the root user: %+v, %v", p.ARN, err)
	}
}
