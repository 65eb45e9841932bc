package restapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

func TestRejectedRequests(t *testing.T) {
	key := Key{ID: "key1", Value: "secret", Enabled: true, PlanID: "plan1"}
	disabled := key
	disabled.Enabled = false
	tests := []struct {
		name, method, path, body string
		headers                  []string
		keys                     []Key
		status                   int
		want, errorType          string
	}{
		{"an unknown API", "GET", "/api2/v1/items/7", "", nil, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"an unknown stage", "GET", "/api1/v2/items/7", "", nil, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"neither an API nor a stage", "GET", "/", "", nil, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"an API without a stage", "GET", "/api1", "", nil, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a custom domain's base path without a stage", "GET", "/shop/any", "", []string{"Host: api.example.com"}, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a custom domain's unknown base path", "GET", "/other", "", []string{"Host: api.example.com"}, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a path that only begins like a base path", "GET", "/shopping", "", []string{"Host: api.example.com"}, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a base path of a missing stage", "GET", "/gone", "", []string{"Host: api.example.com"}, nil, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"no key where one is required", "DELETE", "/api1/v1/items/7", "", nil, []Key{key}, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a wrong key", "DELETE", "/api1/v1/items/7", "", []string{"X-Api-Key: guess"}, []Key{key}, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"a disabled key", "DELETE", "/api1/v1/items/7", "", []string{"X-Api-Key: secret"}, []Key{disabled}, 403, `{"message":"Forbidden"}`, "ForbiddenException"},
		{"missing parameters", "GET", "/api1/v1/items", "", nil, nil, 400, `{"message":"Missing required request parameters: [X-Tenant, limit]"}`, "BadRequestException"},
		{"a body that is not JSON", "POST", "/api1/v1/items", "{", []string{"Content-Type: application/json"}, nil, 400, `{"message":"Invalid request body"}`, "BadRequestException"},
		{"a body that does not match its model", "POST", "/api1/v1/items", `{"id":"1","next":{}}`, []string{"Content-Type: application/json; charset=utf-8"}, nil, 400, `{"message":"Invalid request body"}`, "BadRequestException"},
		{"a body without a type that does not match", "POST", "/api1/v1/items", `{}`, nil, nil, 400, `{"message":"Invalid request body"}`, "BadRequestException"},
		{"a body that is too large", "PUT", "/api1/v1/other", strings.Repeat("x", MaxPayload+1), nil, nil, 413, `{"message":"Request Too Long"}`, "RequestEntityTooLargeException"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.keys = test.keys
			a := f.send(t, test.method, test.path, test.body, test.headers...)
			if a.status != test.status || a.body != test.want || a.header.Get("X-Amzn-Errortype") != test.errorType {
				t.Errorf("got %d %s (%s), want %d %s (%s)", a.status, a.body, a.header.Get("X-Amzn-Errortype"), test.status, test.want, test.errorType)
			}
			for _, name := range []string{"X-Amzn-Requestid", "X-Amz-Apigw-Id"} {
				if a.header.Get(name) == "" {
					t.Errorf("no %s", name)
				}
			}
			if f.invoker.last != nil {
				t.Error("the function was invoked")
			}
		})
	}
}

func TestAcceptedRequests(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		headers                  []string
	}{
		{"a key of the stage's plan", "DELETE", "/api1/v1/items/7", "", []string{"X-Api-Key: secret"}},
		{"all parameters", "GET", "/api1/v1/items?limit=1", "", []string{"X-Tenant: t"}},
		{"a body that matches its model", "POST", "/api1/v1/items", `{"id":"1","next":{"id":"2"}}`, []string{"Content-Type: application/json"}},
		{"a body of a type without a model", "POST", "/api1/v1/items", `<id/>`, []string{"Content-Type: text/xml"}},
		{"a body of 10 MiB", "PUT", "/api1/v1/other", strings.Repeat("x", MaxPayload), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.keys = []Key{{ID: "key1", Value: "secret", Enabled: true}}
			a := f.send(t, test.method, test.path, test.body, test.headers...)
			if a.status != 200 || a.body != "ok" || a.header.Get("Content-Type") != "application/json" || a.header.Get("X-Amzn-Trace-Id") == "" {
				t.Errorf("got %d %s %v", a.status, a.body, a.header)
			}
		})
	}
}

func TestAResourceWithoutTheMethodDoesNotFallThroughToTheGreedyOne(t *testing.T) {
	f := newFixture(t, nil)
	if a := f.send(t, "PATCH", "/api1/v1/items/7", ""); a.status != 404 {
		t.Errorf("%d %s, want the document's MISSING_AUTHENTICATION_TOKEN", a.status, a.body)
	}
}

func TestGatewayResponsesOfTheDocument(t *testing.T) {
	f := newFixture(t, nil)
	a := f.send(t, "PATCH", "/api1/v1/items/7", "")
	var body map[string]string
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Fatalf("%s: %v", a.body, err)
	}
	id := a.header.Get("X-Amzn-Requestid")
	want := map[string]string{
		"title": "Not found", "detail": "Missing Authentication Token", "plain": "Missing Authentication Token",
		"type": "MISSING_AUTHENTICATION_TOKEN", "id": id,
	}
	if fmt.Sprint(body) != fmt.Sprint(want) || a.header.Get("Content-Type") != "application/problem+json" || a.header.Get("X-Request") != id {
		t.Errorf("body %v, header %v", body, a.header)
	}
	if a.header.Get("X-Class") != "" {
		t.Error("the default response's header is on a type that has its own")
	}
	if a := f.send(t, "DELETE", "/api1/v1/items/7", ""); a.header.Get("X-Class") != "4xx" || a.status != 403 {
		t.Errorf("a type without its own: %d %v, want DEFAULT_4XX's header", a.status, a.header)
	}
}

func TestTheFunctionsResourcePolicyIsEvaluated(t *testing.T) {
	edit := func(old, new string) string { return strings.ReplaceAll(openPolicy, old, new) }
	tests := []struct {
		name, policy string
		status       int
	}{
		{"the API is allowed", openPolicy, 200},
		{"no policy", "", 500},
		{"another service", edit("apigateway.amazonaws.com", "s3.amazonaws.com"), 500},
		{"another API", edit(":api1/", ":api2/"), 500},
		{"another action", edit("lambda:InvokeFunction", "lambda:GetFunction"), 500},
		{"another function", edit(":function:f:live", ":function:f"), 500},
		{"this stage, method and path", edit("api1/*/*", "api1/v1/GET/items/*"), 200},
		{"another method", edit("api1/*/*", "api1/*/POST/items/*"), 500},
		{"an unknown condition", edit("AWS:SourceArn", "aws:PrincipalOrgID"), 500},
		{"an allow and a deny", `{"Statement":[` + strings.TrimSuffix(strings.TrimPrefix(openPolicy, `{"Statement":[`), `]}`) +
			`,{"Effect":"Deny","Principal":"*","Action":"lambda:*","Resource":"*"}]}`, 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.policy = test.policy
			a := f.send(t, "GET", "/api1/v1/items/7", "")
			if a.status != test.status || (test.status == 500 && a.body != `{"message":"Internal server error"}`) {
				t.Errorf("%d %s, want %d", a.status, a.body, test.status)
			}
		})
	}
}

func TestResponsesOfInvocations(t *testing.T) {
	payload := func(p string) func(context.Context) (lambdahost.Response, error) {
		return func(context.Context) (lambdahost.Response, error) {
			return lambdahost.Response{Payload: []byte(p)}, nil
		}
	}
	fails := func(err error) func(context.Context) (lambdahost.Response, error) {
		return func(context.Context) (lambdahost.Response, error) { return lambdahost.Response{}, err }
	}
	tests := []struct {
		name, path string
		invoke     func(context.Context) (lambdahost.Response, error)
		status     int
		body       string
		header     string // "Name: value" that must be there
	}{
		{"headers of both forms", "/items/7", payload(`{"statusCode":"201","headers":{"A":"1","N":2},"multiValueHeaders":{"A":["1","3"]},"body":"b"}`), 201, "b", "N: 2"},
		{"no status", "/items/7", payload(`{"body":"b"}`), 200, "b", "Content-Type: application/json"},
		{"no body", "/items/7", payload(`{"statusCode":204,"headers":{"Content-Type":"text/x"}}`), 204, "", "Content-Type: text/x"},
		{"headers that API Gateway sets itself", "/items/7", payload(`{"statusCode":200,"headers":{"Content-Length":"99","Via":"x"},"body":"b"}`), 200, "b", "X-Amzn-Remapped-Content-Length: 99"},
		{"base64 that the client does not accept as binary", "/items/7", payload(`{"statusCode":200,"body":"AAE=","isBase64Encoded":true}`), 200, "AAE=", ""},
		{"not a proxy response", "/items/7", payload(`"text"`), 502, `{"message":"Internal server error"}`, "X-Amzn-Errortype: InternalServerErrorException"},
		{"an unknown member", "/items/7", payload(`{"statusCode":200,"cookies":[]}`), 502, `{"message":"Internal server error"}`, ""},
		{"an invalid status", "/items/7", payload(`{"statusCode":99}`), 502, `{"message":"Internal server error"}`, ""},
		{"a function that failed", "/items/7", func(context.Context) (lambdahost.Response, error) {
			return lambdahost.Response{FunctionError: "Unhandled", Payload: []byte(`{"errorMessage":"secret"}`)}, nil
		}, 502, `{"message":"Internal server error"}`, ""},
		{"a missing function", "/items/7", fails(lambdahost.ErrNotFound), 500, `{"message":"Internal server error"}`, ""},
		{"a throttled function", "/items/7", fails(&lambdahost.Error{Status: 429}), 500, `{"message":"Internal server error"}`, ""},
		{"an event that Lambda rejects", "/items/7", fails(&lambdahost.Error{Status: 413}), 413, `{"message":"Request Too Long"}`, ""},
		{"a response after the timeout", "/slow", func(ctx context.Context) (lambdahost.Response, error) {
			<-ctx.Done()
			return lambdahost.Response{}, fmt.Errorf("invoke: %w", ctx.Err())
		}, 504, `{"message":"Endpoint request timed out"}`, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.invoker.invoke = test.invoke
			a := f.send(t, "GET", "/api1/v1"+test.path, "")
			name, value, _ := strings.Cut(test.header, ": ")
			if a.status != test.status || a.body != test.body || a.header.Get(name) != value {
				t.Errorf("got %d %s %v, want %d %s %s", a.status, a.body, a.header, test.status, test.body, test.header)
			}
			if a.header.Get("Via") != "" {
				t.Error("Via was passed to the client")
			}
		})
	}
}

func TestBinaryResponsesAreDecodedIfTheClientAcceptsThem(t *testing.T) {
	f := newFixture(t, nil)
	f.invoker.invoke = func(context.Context) (lambdahost.Response, error) {
		return lambdahost.Response{Payload: []byte(`{"statusCode":200,"body":"AAE=","isBase64Encoded":true}`)}, nil
	}
	if a := f.send(t, "GET", "/api1/v1/items/7", "", "Accept: image/png, */*"); a.body != "\x00\x01" {
		t.Errorf("body %q", a.body)
	}
}

func TestTheStagesTracingSettingSamplesTraces(t *testing.T) {
	tests := []struct {
		name    string
		tracing bool
		header  string
		want    string
	}{
		{"off", false, "Root=1-2-3", "Sampled=0"},
		{"on", true, "Root=1-2-3", "Sampled=1"},
		{"decided by the client", true, "Root=1-2-3;Sampled=0", "Root=1-2-3;Sampled=0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.stage.TracingEnabled = test.tracing
			f.send(t, "GET", "/api1/v1/items/7", "", "X-Amzn-Trace-Id: "+test.header)
			if !strings.HasPrefix(f.invoker.trace, "Root=1-2-3") || !strings.HasSuffix(f.invoker.trace, test.want) {
				t.Errorf("the function got %q, want %q at its end", f.invoker.trace, test.want)
			}
		})
	}
}

func TestMockIntegrationsInvokeNoFunction(t *testing.T) {
	f := newFixture(t, nil)
	if a := f.send(t, "OPTIONS", "/api1/v1/items", ""); a.status != 200 || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v", a.status, a.header)
	}
}

func TestThrottlesAndQuotas(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	l := newLimits(func() time.Time { return now })
	s := MethodSettings{Rate: 2, Burst: 3}
	took := 0
	for range 10 {
		if l.allow("a", s) {
			took++
		}
	}
	if took != 3 {
		t.Errorf("%d of a burst of 3", took)
	}
	now = now.Add(time.Second)
	took = 0
	for range 10 {
		if l.allow("a", s) {
			took++
		}
	}
	if took != 2 {
		t.Errorf("a second at 2 a second gave %d", took)
	}
	if !l.allow("b", s) || !l.allow("c", MethodSettings{}) {
		t.Error("one bucket's requests count in another, or no limit limits")
	}
	for period, later := range map[string]time.Duration{"DAY": 24 * time.Hour, "WEEK": 7 * 24 * time.Hour, "MONTH": 31 * 24 * time.Hour} {
		if !l.spend(period, 1, period) || l.spend(period, 1, period) {
			t.Errorf("%s: a quota of 1 is not 1", period)
		}
		now = now.Add(later)
		if !l.spend(period, 1, period) {
			t.Errorf("%s: the quota does not start again", period)
		}
	}
}

func TestThrottledRequestsAre429(t *testing.T) {
	tests := []struct {
		name, message string
		edit          func(*fakeStore)
	}{
		{"by the stage's default", "Too Many Requests", func(s *fakeStore) {
			s.stage.Methods = map[string]MethodSettings{"*/*": {Rate: 0.001, Burst: 1}}
		}},
		{"by the method's own settings", "Too Many Requests", func(s *fakeStore) {
			s.stage.Methods = map[string]MethodSettings{"*/*": {Rate: 100, Burst: 100}, "~1items~1{id}/DELETE": {Rate: 0.001, Burst: 1}}
		}},
		{"by the plan", "Too Many Requests", func(s *fakeStore) { s.keys[0].Plan = Plan{Rate: 0.001, Burst: 1} }},
		{"by the plan's method", "Too Many Requests", func(s *fakeStore) {
			s.keys[0].Plan = Plan{Methods: map[string]MethodSettings{"/items/{id}/DELETE": {Rate: 0.001, Burst: 1}}}
		}},
		{"by the quota", "Limit Exceeded", func(s *fakeStore) { s.keys[0].Plan = Plan{Quota: 1, QuotaPeriod: "DAY"} }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.keys = []Key{{ID: "key1", Value: "secret", Enabled: true, PlanID: "plan1"}}
			test.edit(f.store)
			for _, want := range []string{"ok", `{"message":"` + test.message + `"}`} {
				if a := f.send(t, "DELETE", "/api1/v1/items/7", "", "X-Api-Key: secret"); a.body != want {
					t.Fatalf("%d %s, want %s", a.status, a.body, want)
				}
			}
		})
	}
}

// Throttles of a plan's method are per key; those of the stage's method are shared.
func TestKeysHaveSeparateThrottlesOfAMethod(t *testing.T) {
	f := newFixture(t, nil)
	plan := Plan{Methods: map[string]MethodSettings{"/items/{id}/DELETE": {Rate: 0.001, Burst: 1}}}
	f.store.keys = []Key{
		{ID: "key1", Value: "one", Enabled: true, PlanID: "plan1", Plan: plan},
		{ID: "key2", Value: "two", Enabled: true, PlanID: "plan1", Plan: plan},
	}
	f.store.stage.Methods = map[string]MethodSettings{"~1items~1{id}/DELETE": {Rate: 0.001, Burst: 2}}
	for _, step := range []struct {
		key  string
		want int
	}{{"one", 200}, {"one", 429}, {"two", 200}, {"two", 429}} {
		if a := f.send(t, "DELETE", "/api1/v1/items/7", "", "X-Api-Key: "+step.key); a.status != step.want {
			t.Errorf("key %s: %d %s, want %d", step.key, a.status, a.body, step.want)
		}
	}
}

func TestEveryRequestOfAStageIsLogged(t *testing.T) {
	f := newFixture(t, nil)
	f.store.stage.AccessLog = &AccessLog{
		DestinationARN: "arn:aws:logs:eu-west-1:000000000000:log-group:access",
		Format: `{"id":"$context.requestId","m":"$context.httpMethod","r":"$context.resourcePath","p":"$context.path","s":"$context.status",` +
			`"l":"$context.responseLength","k":"$context.identity.apiKeyId","e":$context.error.messageString,"i":"$context.integration.requestId","n":"$context.nonsense"}`,
	}
	tests := []struct{ method, path, want string }{
		{"GET", "/api1/v1/items/7", `"m":"GET","r":"/items/{id}","p":"/v1/items/7","s":"200","l":"2","k":"-","e":-,"i":"lambda-request","n":"-"}`},
		{"DELETE", "/api1/v1/items/7", `"m":"DELETE","r":"/items/{id}","p":"/v1/items/7","s":"403","l":"23","k":"-","e":"Forbidden","i":"-","n":"-"}`},
	}
	for _, test := range tests {
		a := f.send(t, test.method, test.path, "")
		got := <-f.logged
		if want := `{"id":"` + a.header.Get("X-Amzn-Requestid") + `",` + test.want; got != want {
			t.Errorf("logged\n%s, want\n%s", got, want)
		}
	}
}

// The line contains values from the client unchanged, so that clients can forge fields in a format with such values. A
// format without them is reliable.
func TestTheAccessLogEscapesNothing(t *testing.T) {
	const forged = `x","status":"200`
	for _, test := range []struct{ name, format, status string }{
		{"a format with the user agent", `{"id":"$context.requestId","status":"$context.status","agent":"$context.identity.userAgent"}`, "200"},
		{"a format with the trace", `{"id":"$context.requestId","status":"$context.status","trace":"$context.xrayTraceId"}`, "200"},
		{"a format with the path", `{"id":"$context.requestId","status":"$context.status","path":"$context.path"}`, "200"},
		{"a format without values from the client", `{"id":"$context.requestId","status":"$context.status","type":"$context.error.responseType"}`, "403"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.stage.AccessLog = &AccessLog{DestinationARN: "arn", Format: test.format}
			conn, err := net.Dial("tcp", strings.TrimPrefix(f.url, "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			// Written by hand, because HTTP clients escape quotes in a path.
			_, err = fmt.Fprintf(conn, "DELETE /api1/v1/items/%s HTTP/1.1\r\nHost: h\r\nUser-Agent: %[1]s\r\nX-Amzn-Trace-Id: %[1]s\r\nX-Amzn-RequestId: %[1]s\r\n\r\n", forged)
			if err != nil {
				t.Fatal(err)
			}
			line := <-f.logged
			var read map[string]string
			if err := json.Unmarshal([]byte(line), &read); err != nil || read["status"] != test.status || !strings.HasSuffix(read["id"], "_REPLACED_INVALID_REQUEST_ID") {
				t.Errorf("%v: the line\n%s\nis read as %v, want the status %s", err, line, read, test.status)
			}
		})
	}
}

// Developer guide, "Set up access logging", $context.requestId.
func TestAClientMayChooseTheRequestsID(t *testing.T) {
	f := newFixture(t, nil)
	const chosen = "11111111-2222-3333-4444-555555555555"
	if got := f.send(t, "GET", "/api1/v1/items/7", "", "X-Amzn-RequestId: "+chosen).header.Get("X-Amzn-Requestid"); got != chosen {
		t.Errorf("the id is %s", got)
	}
	if got := f.send(t, "GET", "/api1/v1/items/7", "", "X-Amzn-RequestId: mine").header.Get("X-Amzn-Requestid"); !strings.HasSuffix(got, "_REPLACED_INVALID_REQUEST_ID") {
		t.Errorf("the id is %s", got)
	}
}

func TestADeploymentReplacesTheDocument(t *testing.T) {
	f := newFixture(t, nil)
	f.send(t, "GET", "/api1/v1/items/7", "")
	f.store.stage.DeploymentID = "dep2"
	f.store.stage.Document = []byte(`{"openapi":"3.0.1","paths":{}}`)
	if a := f.send(t, "GET", "/api1/v1/items/7", ""); a.status != 403 || !strings.Contains(a.body, "Missing Authentication Token") {
		t.Errorf("after the deployment: %d %s", a.status, a.body)
	}
	f.store.stage.DisableExecuteAPI = true
	if a := f.send(t, "GET", "/api1/v1/items/7", ""); a.body != `{"message":"Forbidden"}` {
		t.Errorf("with the execute-api endpoint disabled: %d %s", a.status, a.body)
	}
}

func TestAStoreThatFailsIsA500(t *testing.T) {
	server := New(Config{Store: &brokenStore{}, Invoker: &fakeInvoker{}})
	w := newRecorderFor(t, server, "/api1/v1/items")
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "emulator") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// brokenStore is an unavailable control plane.
type brokenStore struct{ fakeStore }

func (*brokenStore) Stage(context.Context, string, string) (Stage, error) {
	return Stage{}, errors.New("the emulator is unavailable")
}

func (*brokenStore) Domain(context.Context, string) (Domain, error) { return Domain{}, ErrNotFound }
