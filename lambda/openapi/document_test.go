package openapi

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// parsed is the part of the document for API Gateway that the tests use.
type parsed struct {
	Paths     map[string]map[string]operation
	Responses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`

	Validator  string `json:"x-amazon-apigateway-request-validator"`
	Validators map[string]struct {
		ValidateRequestParameters, ValidateRequestBody bool
	} `json:"x-amazon-apigateway-request-validators"`
}

type operation struct {
	Security    []map[string]any
	Responses   map[string]any
	Validator   string `json:"x-amazon-apigateway-request-validator"`
	Integration struct {
		Type                 string
		HTTPMethod           string
		URI                  string
		ResponseTransferMode string
		TimeoutInMillis      int
	} `json:"x-amazon-apigateway-integration"`
}

type gatewayResponse struct {
	StatusCode         string
	ResponseParameters map[string]string
	ResponseTemplates  map[string]string
}

func parse(t *testing.T) parsed {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	tree, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(tree)
	if err != nil {
		t.Fatal(err)
	}
	var p parsed
	if err := json.Unmarshal(text, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDocumentRoutes(t *testing.T) {
	const (
		whole    = "BUFFERED 29000 ${buffered}"
		streamed = "STREAM 300000 ${stream}"
		other    = "x-amazon-apigateway-any-method"
	)
	want := map[string]map[string]string{
		"/":             {other: whole},
		"/{proxy+}":     {other: whole},
		"/items":        {"get": whole, "head": whole, other: whole},
		"/items/{id}":   {"get": whole, "head": whole, "put": whole, "delete": whole, other: whole},
		"/files":        {other: whole},
		"/files/{key+}": {"get": streamed, "head": streamed, "post": whole, other: whole},
		"/health":       {"get": whole, "head": whole, other: whole},

		"/openapi.json":   {"get": whole, "head": whole, other: whole},
		"/health/details": {"get": whole, "head": whole, other: whole},
	}
	p := parse(t)
	got := map[string]map[string]string{}
	for path, operations := range p.Paths {
		got[path] = map[string]string{}
		for method, o := range operations {
			i := o.Integration
			if i.Type != "aws_proxy" || i.HTTPMethod != "POST" {
				t.Errorf("%s %s: integration %s %s, want aws_proxy by POST", method, path, i.Type, i.HTTPMethod)
			}
			mode := i.ResponseTransferMode
			if mode == "" {
				mode = "BUFFERED"
			}
			timeout, err := json.Marshal(i.TimeoutInMillis)
			if err != nil {
				t.Fatal(err)
			}
			got[path][method] = strings.Join([]string{mode, string(timeout), i.URI}, " ")
			if len(o.Responses) == 0 {
				t.Errorf("%s %s has no responses", method, path)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("routes\n%v\nwant\n%v", got, want)
	}
}

func TestEveryRouteButTheHealthCheckAndTheContractRequiresAKey(t *testing.T) {
	open := []string{"get /health", "head /health", "get /openapi.json", "head /openapi.json"}
	for path, operations := range parse(t).Paths {
		for method, o := range operations {
			requires := slices.ContainsFunc(o.Security, func(requirement map[string]any) bool { return requirement["apiKey"] != nil })
			if want := !slices.Contains(open, method+" "+path); requires != want {
				t.Errorf("%s %s: requires a key: %v, want %v", method, path, requires, want)
			}
		}
	}
}

// TestGatewayResponses checks that API Gateway's own errors have the function's form: problem+json with the request's
// id, and with the matching status where AWS does not select it.
func TestGatewayResponses(t *testing.T) {
	p := parse(t)
	// All types of the developer guide's page "Gateway response types".
	for _, name := range []string{
		"ACCESS_DENIED", "API_CONFIGURATION_ERROR", "AUTHORIZER_CONFIGURATION_ERROR", "AUTHORIZER_FAILURE",
		"BAD_REQUEST_BODY", "BAD_REQUEST_PARAMETERS", "DEFAULT_4XX", "DEFAULT_5XX", "EXPIRED_TOKEN",
		"INTEGRATION_FAILURE", "INTEGRATION_TIMEOUT", "INVALID_API_KEY", "INVALID_SIGNATURE",
		"MISSING_AUTHENTICATION_TOKEN", "QUOTA_EXCEEDED", "REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND",
		"THROTTLED", "UNAUTHORIZED", "UNSUPPORTED_MEDIA_TYPE", "WAF_FILTERED",
	} {
		t.Run(name, func(t *testing.T) {
			r, ok := p.Responses[name]
			if !ok {
				t.Fatal("the document has none")
			}
			if got := r.ResponseParameters["gatewayresponse.header.Content-Type"]; got != "'application/problem+json'" {
				t.Errorf("content type %s", got)
			}
			if got := r.ResponseParameters["gatewayresponse.header.X-Request-Id"]; got != "context.requestId" {
				t.Errorf("request id %s", got)
			}
			if allow := r.ResponseParameters["gatewayresponse.header.Allow"]; (allow != "") != (r.StatusCode == "405") {
				t.Errorf("status %s with Allow %q", r.StatusCode, allow)
			}
			template := r.ResponseTemplates["application/json"]
			if rest := strings.ReplaceAll(template, "$context.requestId", ""); strings.Contains(rest, "$") {
				t.Errorf("a value that a client may write is in %s", template)
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(template), &body); err != nil {
				t.Fatalf("%v in %s", err, template)
			}
			// RFC 9457, 4.2.1, without a type.
			if status, _ := strconv.Atoi(r.StatusCode); status != 0 && body["title"] != phrase(status) {
				t.Errorf("the title of %d is %v", status, body["title"])
			}
			if body["title"] == nil || body["request_id"] != "$context.requestId" {
				t.Errorf("body %v", body)
			}
			status, err := json.Marshal(body["status"])
			if err != nil {
				t.Fatal(err)
			}
			if want := r.StatusCode; want != "" && want != string(status) || want == "" && body["status"] != nil {
				t.Errorf("the body has the status %s, the response %q", status, want)
			}
		})
	}
}

// phrase is the status phrase of RFC 9110, 15.
func phrase(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}

// The function's responses name what is wrong with a body. API Gateway's cannot, and must not come first.
func TestTheFunctionAloneValidatesBodies(t *testing.T) {
	p := parse(t)
	for path, operations := range p.Paths {
		for method, o := range operations {
			if o.Validator != "" {
				t.Errorf("%s %s has the validator %s of its own", method, path, o.Validator)
			}
		}
	}
	if v := p.Validators[p.Validator]; !v.ValidateRequestParameters || v.ValidateRequestBody {
		t.Errorf("the validator is %+v", v)
	}
}
