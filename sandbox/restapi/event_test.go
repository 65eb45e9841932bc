package restapi

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// volatile are the members that differ between requests.
var volatile = regexp.MustCompile(`"(requestId|extendedRequestId|requestTime)": "[^"]+"|"requestTimeEpoch": \d+|Root=1-[0-9a-f]{8}-[0-9a-f]{24}`)

func TestTheEventIsTheProxyEvent(t *testing.T) {
	f := newFixture(t, nil)
	f.store.stage.Variables = map[string]string{"color": "blue"}
	a := f.send(t, "DELETE", "/api1/v1/items/a%2Fb%20c/?q=1&q=a%2Bb+c&empty=", `{"a":1}`,
		"X-Api-Key: unused", "X-Multi: one", "X-Multi: two", "X-Forwarded-For: 192.0.2.1", "User-Agent: test/1", "Accept-Encoding: identity")
	if a.status != 403 {
		t.Fatalf("without a valid key: %d %s", a.status, a.body)
	}
	f.store.keys = []Key{{ID: "key1", Value: "secret", Enabled: true, PlanID: "plan1"}}
	a = f.send(t, "DELETE", "/api1/v1/items/a%2Fb%20c/?q=1&q=a%2Bb+c&empty=", `{"a":1}`,
		"X-Api-Key: secret", "X-Multi: one", "X-Multi: two", "X-Forwarded-For: 192.0.2.1", "User-Agent: test/1", "Accept-Encoding: identity")
	if a.status != 200 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, f.invoker.last, "", "  "); err != nil {
		t.Fatal(err)
	}
	normal := volatile.ReplaceAllStringFunc(got.String(), func(s string) string {
		return regexp.MustCompile(`(: |Root=).*`).ReplaceAllString(s, "${1}volatile")
	}) + "\n"
	want, err := os.ReadFile("testdata/event.golden")
	if err != nil {
		t.Fatal(err)
	}
	if normal != string(want) {
		t.Errorf("the event differs from testdata/event.golden:\n%s", normal)
	}
}

func TestTheEventHasTheMembersOfAWSLambdaGo(t *testing.T) {
	f := newFixture(t, nil)
	f.send(t, "GET", "/api1/v1/items/7?q=1", "")
	event := f.invoker.event(t)
	// Members that aws-lambda-go does not have, and members of requests with an authorizer, a client certificate or a
	// key.
	check(t, "event", event, reflect.TypeFor[events.APIGatewayProxyRequest](), nil, nil)
	context, _ := event["requestContext"].(map[string]any)
	check(t, "requestContext", context, reflect.TypeFor[events.APIGatewayProxyRequestContext](),
		[]string{"deploymentId"}, []string{"authorizer", "operationName"})
	identity, _ := context["identity"].(map[string]any)
	check(t, "identity", identity, reflect.TypeFor[events.APIGatewayRequestIdentity](),
		[]string{"principalOrgId"}, []string{"apiKey", "apiKeyId", "clientCert"})
}

// check compares a JSON object's members with a struct's.
func check(t *testing.T, name string, object map[string]any, typ reflect.Type, extra, absent []string) {
	t.Helper()
	var want []string
	for i := range typ.NumField() {
		tag := regexp.MustCompile(`^[^,]*`).FindString(typ.Field(i).Tag.Get("json"))
		if !slices.Contains(absent, tag) {
			want = append(want, tag)
		}
	}
	want = append(want, extra...)
	slices.Sort(want)
	if got := slices.Sorted(maps.Keys(object)); !slices.Equal(got, want) {
		t.Errorf("%s has members\n%v, want\n%v", name, got, want)
	}
}

func TestBinaryBodiesAreBase64(t *testing.T) {
	f := newFixture(t, nil)
	f.send(t, "PUT", "/api1/v1/other", "\x00\xff", "Content-Type: image/png")
	event := f.invoker.event(t)
	if event["body"] != base64.StdEncoding.EncodeToString([]byte("\x00\xff")) || event["isBase64Encoded"] != true {
		t.Errorf("body %v, base64 %v", event["body"], event["isBase64Encoded"])
	}
}

func TestPathsOfTheEvent(t *testing.T) {
	// The first eight were recorded on AWS, for a resource /{proxy+}:
	// localstack/localstack, tests/aws/services/apigateway/test_apigateway_lambda.snapshot.json at 8b9a79f,
	// "test_lambda_aws_proxy_integration"; hotsock/voker, vokerhttp/testdata/apigwv1-request.json at 59c7289.
	tests := []struct{ name, url, host, path, contextPath, resource, parameter string }{
		{"as it is", "/api1/v1/other", "", "/other", "/v1/other", "/{proxy+}", "other"},
		{"with a slash at its end, which the parameter lacks", "/api1/v1/other/", "", "/other/", "/v1/other/", "/{proxy+}", "other"},
		{"with two slashes within", "/api1/v1/other//b", "", "/other//b", "/v1/other//b", "/{proxy+}", "other//b"},
		{"with two slashes before the stage", "/api1//v1/other", "", "/other", "/v1/other", "/{proxy+}", "other"},
		{"with two slashes after the stage", "/api1/v1//other", "", "/other", "/v1//other", "/{proxy+}", "other"},
		{"with two slashes before a path of the document", "/api1/v1//items/latest", "", "/items/latest", "/v1//items/latest", "/items/latest", ""},
		{"percent-encoded, and with a plus sign", "/api1/v1/other/a%2Bb@c.d/e+f", "", "/other/a%2Bb@c.d/e+f", "/v1/other/a%2Bb@c.d/e+f", "/{proxy+}", "other/a%2Bb@c.d/e+f"},
		{"with an encoded space", "/api1/v1/other/a%20b", "", "/other/a%20b", "/v1/other/a%20b", "/{proxy+}", "other/a%20b"},
		{"with an encoded slash", "/api1/v1/items/a%2Fb", "", "/items/a%2Fb", "/v1/items/a%2Fb", "/items/{id}", "a%2Fb"},
		{"with a file's slash at its end", "/api1/v1/files/x/", "", "/files/x/", "/v1/files/x/", "/files/{key+}", "x"},
		{"by the execute-api address", "/api1/v1/items/7/", "", "/items/7/", "/v1/items/7/", "/items/{id}", "7"},

		{"by a custom domain's base path", "/shop/items/7", "api.example.com", "/shop/items/7", "/shop/items/7", "/items/{id}", "7"},
		{"by a base path alone", "/shop", "api.example.com", "/shop", "/shop", "/", ""},
		{"by the longest base path, which names no stage", "/shop/any/v1/items/7", "api.example.com:443", "/shop/any/v1/items/7", "/shop/any/v1/items/7", "/items/{id}", "7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.invoker.stream = streams(strings.NewReader("{}" + nul8))
			var headers []string
			if test.host != "" {
				headers = append(headers, "Host: "+test.host)
			}
			if a := f.send(t, "GET", test.url, "", headers...); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			event := f.invoker.event(t)
			context, _ := event["requestContext"].(map[string]any)
			if event["path"] != test.path || context["path"] != test.contextPath || event["resource"] != test.resource {
				t.Errorf("path %v, context path %v, resource %v", event["path"], context["path"], event["resource"])
			}
			parameters, _ := event["pathParameters"].(map[string]any)
			for name, value := range parameters {
				if value != test.parameter {
					t.Errorf("parameter %s is %q, want %q", name, value, test.parameter)
				}
			}
			if want := map[bool]string{true: "api.example.com", false: "api1.execute-api.eu-west-1.amazonaws.com"}[test.host != ""]; context["domainName"] != want {
				t.Errorf("domain name %v, want %s", context["domainName"], want)
			}
		})
	}
}

// Each byte that is not UTF-8 becomes U+FFFD if the API has no binary media type for the body.
func TestABodyThatIsNotUTF8IsReplaced(t *testing.T) {
	f := newFixture(t, nil)
	f.send(t, "PUT", "/api1/v1/other", "a\xff\xc3(é")
	if got := f.invoker.event(t)["body"]; got != "a\ufffd\ufffd(é" {
		t.Errorf("the function receives %q", got)
	}
}
