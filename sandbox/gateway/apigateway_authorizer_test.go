package gateway

import (
	"errors"
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
