package restapi

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const authorizerFunction = "arn:aws:lambda:eu-west-1:000000000000:function:authorizer:live"

// authorizedDocument is an API with a method for each authorizer.
const authorizedDocument = `{"openapi":"3.0.1","info":{"title":"t","version":"1"},
	"paths":{
		"/token/{id}":{"get":{"security":[{"token":[]}],"x-amazon-apigateway-integration":INTEGRATION}},
		"/request/{id}":{"get":{"security":[{"request":[]},{"key":[]}],"x-amazon-apigateway-integration":INTEGRATION},
			"delete":{"security":[{"request":[]}],"x-amazon-apigateway-integration":INTEGRATION}},
		"/uncached":{"get":{"security":[{"uncached":[]}],"x-amazon-apigateway-integration":INTEGRATION}},
		"/role":{"get":{"security":[{"role":[]}],"x-amazon-apigateway-integration":INTEGRATION}},
		"/oauth":{"get":{"security":[{"oauth":["read"]}],"x-amazon-apigateway-integration":INTEGRATION}},
		"/signed/{key+}":{"x-amazon-apigateway-any-method":{"security":[{"signature":[]}],"x-amazon-apigateway-integration":INTEGRATION}}},
	"components":{"securitySchemes":{
		"key":{"type":"apiKey","name":"x-api-key","in":"header"},
		"oauth":{"type":"oauth2"},
		"signature":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"awsSigv4"},
		"token":{"type":"apiKey","name":"X-Token","in":"header","x-amazon-apigateway-authtype":"custom",
			"x-amazon-apigateway-authorizer":{"type":"token","authorizerUri":"URI","identityValidationExpression":"Bearer .+","authorizerResultTtlInSeconds":60}},
		"request":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
			"x-amazon-apigateway-authorizer":{"type":"request","authorizerUri":"URI","identitySource":"method.request.header.Authorization, method.request.querystring.tenant"}},
		"uncached":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
			"x-amazon-apigateway-authorizer":{"type":"request","authorizerUri":"URI","identitySource":"method.request.header.Authorization","authorizerResultTtlInSeconds":0}},
		"role":{"type":"apiKey","name":"Authorization","in":"header","x-amazon-apigateway-authtype":"custom",
			"x-amazon-apigateway-authorizer":{"type":"request","authorizerUri":"URI","authorizerCredentials":"arn:aws:iam::000000000000:role/r","authorizerResultTtlInSeconds":0}}}},
	"x-amazon-apigateway-gateway-responses":{"UNAUTHORIZED":{"responseParameters":{"gatewayresponse.header.WWW-Authenticate":"'Bearer'"}}}}`

// newAuthorizedFixture serves authorizedDocument, with an authorizer that allows everything in the stage.
func newAuthorizedFixture(t *testing.T) *fixture {
	t.Helper()
	f := newFixture(t, nil)
	uri := func(function string) string {
		return "arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/" + function + "/invocations"
	}
	integration := `{"type":"aws_proxy","httpMethod":"POST","uri":"` + uri(functionARN) + `"}`
	f.store.stage.Document = []byte(strings.NewReplacer("INTEGRATION", integration, "URI", uri(authorizerFunction)).Replace(authorizedDocument))
	f.store.stage.AccessLog = &AccessLog{DestinationARN: "log", Format: "$context.status $context.authorizer.principalId $context.authorizer.tenant $context.identity.userArn $context.authorizer.error"}
	f.store.authorizerPolicy = strings.ReplaceAll(strings.ReplaceAll(openPolicy, functionARN, authorizerFunction), "api1/*/*", "api1/authorizers/*")
	f.invoker.authorize = responds(policyFor("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:api1/v1/*"))
	return f
}

func policyFor(effect, action, resource string) string {
	return `{"principalId":"caller-1","policyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"` + effect + `","Action":"` + action +
		`","Resource":"` + resource + `"}]},"context":{"tenant":"t1","level":2,"admin":true}}`
}

func responds(payload string) func(map[string]any) (lambdahost.Response, error) {
	return func(map[string]any) (lambdahost.Response, error) {
		return lambdahost.Response{RequestID: "r", Payload: []byte(payload)}, nil
	}
}

func fails(message string) func(map[string]any) (lambdahost.Response, error) {
	return func(map[string]any) (lambdahost.Response, error) {
		return lambdahost.Response{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"` + message + `","errorType":"errorString"}`)}, nil
	}
}

func TestALambdaAuthorizerDecides(t *testing.T) {
	const stage = "arn:aws:execute-api:eu-west-1:000000000000:api1/v1/"
	const refused = `{"Message":"User is not authorized to access this resource`
	tests := []struct {
		name, path, token string
		authorize         func(map[string]any) (lambdahost.Response, error)
		status            int
		body, errorType   string
		invoked           bool
	}{
		{"a policy for the stage", "/token/7", "Bearer x", nil, 200, "ok", "", true},
		{"a policy for this request", "/token/7", "Bearer x", responds(policyFor("Allow", "execute-api:*", stage+"GET/token/7")), 200, "ok", "", true},
		{"a policy for another path", "/token/7", "Bearer x", responds(policyFor("Allow", "execute-api:Invoke", stage+"GET/token/8")), 403, refused + `"}`, "AccessDeniedException", true},
		{"a policy for another method", "/token/7", "Bearer x", responds(policyFor("Allow", "execute-api:Invoke", stage+"PUT/*")), 403, refused + `"}`, "AccessDeniedException", true},
		{"a policy for another action", "/token/7", "Bearer x", responds(policyFor("Allow", "execute-api:InvalidateCache", stage+"*")), 403, refused + `"}`, "AccessDeniedException", true},
		{"a policy that denies", "/token/7", "Bearer x", responds(policyFor("Deny", "execute-api:Invoke", stage+"*")), 403, refused + ` with an explicit deny in an identity-based policy"}`, "AccessDeniedException", true},
		{"no token", "/token/7", "", nil, 401, `{"message":"Unauthorized"}`, "UnauthorizedException", false},
		{"a token that does not match the expression", "/token/7", "Basic x", nil, 401, `{"message":"Unauthorized"}`, "UnauthorizedException", false},
		{"a token that matches the expression in part", "/token/7", "x Bearer x", nil, 401, `{"message":"Unauthorized"}`, "UnauthorizedException", false},
		{"a missing identity source", "/request/7", "Bearer x", nil, 401, `{"message":"Unauthorized"}`, "UnauthorizedException", false},
		{"a missing identity source without a cache", "/uncached", "", fails("Unauthorized"), 401, `{"message":"Unauthorized"}`, "UnauthorizedException", true},
		{"the error Unauthorized", "/token/7", "Bearer x", fails("Unauthorized"), 401, `{"message":"Unauthorized"}`, "UnauthorizedException", true},
		{"another error", "/token/7", "Bearer x", fails("boom"), 500, `{"message":null}`, "AuthorizerConfigurationException", true},
		{"no such function", "/token/7", "Bearer x", func(map[string]any) (lambdahost.Response, error) {
			return lambdahost.Response{}, lambdahost.ErrNotFound
		}, 500, `{"message":"Internal server error"}`, "AuthorizerConfigurationException", true},
		{"output without a policy", "/token/7", "Bearer x", responds(`{"principalId":"x"}`), 500, `{"message":"Internal server error"}`, "AuthorizerConfigurationException", true},
		{"output that is not JSON", "/token/7", "Bearer x", responds(`null`), 500, `{"message":"Internal server error"}`, "AuthorizerConfigurationException", true},
		{"a statement without a resource", "/token/7", "Bearer x", responds(`{"principalId":"x","policyDocument":{"Statement":[{"Effect":"Allow","Action":"*"}]}}`), 500, `{"message":"Internal server error"}`, "AuthorizerConfigurationException", true},
		{"a list in the context", "/token/7", "Bearer x", responds(strings.Replace(policyFor("Allow", "*", "*"), `"t1"`, `["t1"]`, 1)), 500, `{"message":"Internal server error"}`, "AuthorizerConfigurationException", true},
		{"a scheme without an authorizer", "/oauth", "", nil, 200, "ok", "", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newAuthorizedFixture(t)
			if test.authorize != nil {
				f.invoker.authorize = test.authorize
			}
			var headers []string
			if test.token != "" {
				headers = []string{"X-Token: " + test.token, "Authorization: " + test.token}
			}
			a := f.send(t, "GET", "/api1/v1"+test.path, "", headers...)
			if a.status != test.status || a.body != test.body || a.header.Get("X-Amzn-Errortype") != test.errorType {
				t.Errorf("got %d %s (%s), want %d %s (%s)", a.status, a.body, a.header.Get("X-Amzn-Errortype"), test.status, test.body, test.errorType)
			}
			if (a.header.Get("Www-Authenticate") == "Bearer") != (test.status == 401) {
				t.Errorf("%d with the document's headers %v", a.status, a.header)
			}
			if invoked := len(f.invoker.authorizations) > 0; invoked != test.invoked {
				t.Errorf("the authorizer was invoked: %v, want %v", invoked, test.invoked)
			}
			if served := f.invoker.last != nil; served != (test.status == 200) {
				t.Errorf("the function was invoked: %v", served)
			}
		})
	}
}

func TestAnAuthorizerMustBeInvocable(t *testing.T) {
	for name, test := range map[string]struct {
		path   string
		change func(*fakeStore)
		status int
	}{
		"its resource policy allows the API's authorizers":     {"/uncached", func(*fakeStore) {}, 200},
		"its resource policy allows another API's authorizers": {"/uncached", func(s *fakeStore) { s.authorizerPolicy = strings.ReplaceAll(s.authorizerPolicy, "api1", "api2") }, 500},
		"its resource policy allows the API's methods": {"/uncached", func(s *fakeStore) {
			s.authorizerPolicy = strings.ReplaceAll(s.authorizerPolicy, "authorizers", "v1/GET")
		}, 500},
		"it has no resource policy":                {"/uncached", func(s *fakeStore) { s.authorizerPolicy = "" }, 500},
		"its role may invoke it":                   {"/role", func(s *fakeStore) { s.authorizerPolicy = "" }, 200},
		"its role may not invoke it or be assumed": {"/role", func(s *fakeStore) { s.role = errors.New("denied") }, 500},
	} {
		t.Run(name, func(t *testing.T) {
			f := newAuthorizedFixture(t)
			test.change(f.store)
			a := f.send(t, "GET", "/api1/v1"+test.path, "")
			if a.status != test.status || test.status == 500 && (a.body != `{"message":"Internal server error"}` || len(f.invoker.authorizations) > 0) {
				t.Errorf("%d %s, %d invocations of the authorizer", a.status, a.body, len(f.invoker.authorizations))
			}
		})
	}
}

func TestResultsOfAnAuthorizerAreCachedByIdentitySourcesInAStage(t *testing.T) {
	f := newAuthorizedFixture(t)
	f.now = time.Now()
	f.store.keys = []Key{{ID: "k", Value: "secret", Enabled: true}}
	get := func(method, path, token string, status, invocations int) {
		t.Helper()
		a := f.send(t, method, path, "", "Authorization: "+token, "X-Token: "+token, "X-Api-Key: secret")
		if a.status != status || len(f.invoker.authorizations) != invocations {
			t.Errorf("%s %s with %s: %d after %d invocations of the authorizer, want %d after %d", method, path, token, a.status, len(f.invoker.authorizations), status, invocations)
		}
	}
	f.invoker.authorize = responds(policyFor("Allow", "execute-api:Invoke", "arn:aws:execute-api:eu-west-1:000000000000:api1/v1/GET/*"))
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer x", 200, 1)
	get("GET", "/api1/v1/request/2?tenant=a", "Bearer x", 200, 1)
	get("DELETE", "/api1/v1/request/2?tenant=a", "Bearer x", 403, 1) // the policy is cached, not the decision
	get("GET", "/api1/v1/request/1?tenant=b", "Bearer x", 200, 2)
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer y", 200, 3)
	get("GET", "/api1/v1/token/1", "Bearer x", 200, 4) // another authorizer
	f.now = f.now.Add(61 * time.Second)
	get("GET", "/api1/v1/token/1", "Bearer x", 200, 5)
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer x", 200, 5) // 300 seconds by default
	f.now = f.now.Add(240 * time.Second)
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer x", 200, 6)
	f.store.stage.Name = "v2"
	get("GET", "/api1/v2/request/1?tenant=a", "Bearer x", 403, 7) // another stage
	f.store.stage.Name = "v1"
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer x", 200, 7)
	f.store.stage.AuthorizerFlushes++
	get("GET", "/api1/v1/request/1?tenant=a", "Bearer x", 200, 8)
	f.invoker.authorize = fails("Unauthorized")
	get("GET", "/api1/v1/token/1", "Bearer z", 401, 9)
	get("GET", "/api1/v1/token/1", "Bearer z", 401, 10) // a refusal is not cached
}

func TestTheEventsOfAuthorizersAndWhatTheFunctionGetsOfTheResult(t *testing.T) {
	f := newAuthorizedFixture(t)
	f.store.keys = []Key{{ID: "k", Value: "secret", Enabled: true}}
	f.send(t, "GET", "/api1/v1/token/7", "", "X-Token: Bearer x")
	const arn = "arn:aws:execute-api:eu-west-1:000000000000:api1/v1/GET/"
	if got, want := f.invoker.authorizations[0], map[string]any{"type": "TOKEN", "authorizationToken": "Bearer x", "methodArn": arn + "token/7"}; len(got) != 3 || got["type"] != want["type"] ||
		got["authorizationToken"] != want["authorizationToken"] || got["methodArn"] != want["methodArn"] {
		t.Errorf("event %v, want %v", got, want)
	}
	if got := <-f.logged; got != "200 caller-1 t1 - -" {
		t.Errorf("logged %q", got)
	}
	f.send(t, "GET", "/api1/v1/request/7?tenant=a", "", "Authorization: Bearer x", "X-Api-Key: secret")
	event := f.invoker.authorizations[1]
	if event["type"] != "REQUEST" || event["methodArn"] != arn+"request/7" || event["httpMethod"] != http.MethodGet || event["resource"] != "/request/{id}" {
		t.Errorf("event %v", event)
	}
	if _, body := event["body"]; body || event["pathParameters"].(map[string]any)["id"] != "7" || event["queryStringParameters"].(map[string]any)["tenant"] != "a" {
		t.Errorf("event %v", event)
	}
	authorizer := f.invoker.event(t)["requestContext"].(map[string]any)["authorizer"].(map[string]any)
	if _, number := authorizer["integrationLatency"].(float64); !number || authorizer["principalId"] != "caller-1" || authorizer["tenant"] != "t1" ||
		authorizer["level"] != "2" || authorizer["admin"] != "true" {
		t.Errorf("requestContext.authorizer %v", authorizer)
	}
	f.invoker.authorize = fails("boom")
	f.send(t, "GET", "/api1/v1/token/8", "", "X-Token: Bearer y")
	<-f.logged
	if got := <-f.logged; !strings.HasPrefix(got, "500 - - - the authorizer failed: ") {
		t.Errorf("logged %q", got)
	}
}

func TestAuthorizationComesBeforeTheAPIKeyWhichAnAuthorizerMayName(t *testing.T) {
	f := newAuthorizedFixture(t)
	f.store.keys = []Key{{ID: "k", Value: "secret", Enabled: true}}
	if a := f.send(t, "GET", "/api1/v1/request/7?tenant=a", ""); a.status != 401 {
		t.Errorf("without token and key: %d, want 401", a.status)
	}
	if a := f.send(t, "GET", "/api1/v1/request/7?tenant=a", "", "Authorization: Bearer x"); a.status != 403 || a.body != `{"message":"Forbidden"}` {
		t.Errorf("without a key: %d %s", a.status, a.body)
	}
	var document map[string]any
	if err := json.Unmarshal(f.store.stage.Document, &document); err != nil {
		t.Fatal(err)
	}
	document["x-amazon-apigateway-api-key-source"] = "AUTHORIZER"
	f.store.stage.Document, _ = json.Marshal(document)
	f.invoker.authorize = responds(strings.Replace(policyFor("Allow", "*", "*"), `{`, `{"usageIdentifierKey":"secret",`, 1))
	if a := f.send(t, "GET", "/api1/v1/request/7?tenant=b", "", "Authorization: Bearer x"); a.status != 200 {
		t.Errorf("with the authorizer's key: %d %s", a.status, a.body)
	}
}

func TestAResourcePolicyIsEvaluatedWithTheAuthorizer(t *testing.T) {
	policy := func(effect, source string) string {
		return `{"Statement":[{"Effect":"` + effect + `","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*","Condition":{"IpAddress":{"aws:SourceIp":"` + source + `"}}}]}`
	}
	allows, denies := policyFor("Allow", "*", "*"), policyFor("Allow", "*", "arn:other")
	for name, test := range map[string]struct {
		path, policy, result string
		status               int
	}{
		"no authorizer, the client is allowed":           {"/oauth", policy("Allow", "127.0.0.0/8"), allows, 200},
		"no authorizer, another client is allowed":       {"/oauth", policy("Allow", "192.0.2.1"), allows, 403},
		"no authorizer, the client is denied":            {"/oauth", policy("Deny", "127.0.0.0/8"), allows, 403},
		"the policy denies what the authorizer allows":   {"/token/1", policy("Deny", "127.0.0.1"), allows, 403},
		"the policy does not match":                      {"/token/1", policy("Allow", "192.0.2.0/24"), allows, 200},
		"the policy allows what the authorizer does not": {"/token/1", policy("Allow", "127.0.0.1"), denies, 200},
		"neither allows":                                 {"/token/1", policy("Allow", "192.0.2.0/24"), denies, 403},
	} {
		t.Run(name, func(t *testing.T) {
			f := newAuthorizedFixture(t)
			f.store.stage.Policy = test.policy
			f.invoker.authorize = responds(test.result)
			if a := f.send(t, "GET", "/api1/v1"+test.path, "", "X-Token: Bearer x"); a.status != test.status {
				t.Errorf("%d %s, want %d", a.status, a.body, test.status)
			}
		})
	}
}
