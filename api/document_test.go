package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var uris = integrations{buffered: "uri:buffered", stream: "uri:stream"}

// parsed is the rendered document, as far as the tests ask about it.
type parsed struct {
	Paths      map[string]map[string]operation
	Components struct {
		SecuritySchemes map[string]any
		Schemas         map[string]any
	}
	Responses map[string]gatewayResponse `json:"x-amazon-apigateway-gateway-responses"`
	Shared    any                        `json:"x-shared"`

	Validator  string `json:"x-amazon-apigateway-request-validator"`
	Validators map[string]struct {
		ValidateRequestParameters, ValidateRequestBody bool
	} `json:"x-amazon-apigateway-request-validators"`
}

type operation struct {
	Security    []map[string]any
	Responses   map[string]any
	RequestBody struct{ Required bool }
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

func render(t *testing.T, source string, requireKey bool, origins ...string) (string, parsed) {
	t.Helper()
	text, err := document([]byte(source), uris, choices{requireKey, origins})
	if err != nil {
		t.Fatal(err)
	}
	var p parsed
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return text, p
}

func TestDocumentRoutes(t *testing.T) {
	const (
		whole    = "BUFFERED 29000 uri:buffered"
		streamed = "STREAM 300000 uri:stream"
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

		"/health/details": {"get": whole, "head": whole, other: whole},
	}
	_, p := render(t, string(openAPI), true)
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
				t.Errorf("%s %s says nothing of its responses", method, path)
			}
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("routes\n%v\nwant\n%v", got, want)
	}
	if p.Shared != nil {
		t.Error("the shared pieces are in the rendered document")
	}
}

func TestDocumentKeys(t *testing.T) {
	open := []string{"get /health", "head /health"}
	for _, tt := range []struct {
		name       string
		requireKey bool
	}{
		{"every route but the health check asks for the key", true},
		{"no route asks for a key when the stack asks for none", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := render(t, string(openAPI), tt.requireKey)
			for path, operations := range p.Paths {
				for method, o := range operations {
					want := tt.requireKey && !slices.Contains(open, method+" "+path)
					_, asks := map[string]any{}, false
					for _, requirement := range o.Security {
						_, found := requirement["apiKey"]
						asks = asks || found
					}
					if asks != want {
						t.Errorf("%s %s: asks for the key: %v, want %v", method, path, asks, want)
					}
				}
			}
			if _, defined := p.Components.SecuritySchemes["apiKey"]; defined != tt.requireKey {
				t.Errorf("the scheme is defined: %v, want %v", defined, tt.requireKey)
			}
		})
	}
}

func TestDocumentText(t *testing.T) {
	source := string(openAPI)
	base, _ := render(t, source, true)
	for _, tt := range []struct {
		name    string
		source  string
		key     bool
		uris    integrations
		changes bool
		origins []string
	}{
		{"the same definition", source, true, uris, false, nil},
		{"a comment", "# another word\n" + source, true, uris, false, nil},
		{"the layout", strings.Replace(source, "{description: Strong, schema: {type: string}}", "{ schema: { type: string },   description: Strong }", 1), true, uris, false, nil},
		{"a summary", strings.Replace(source, "One page of items", "A page of items", 1), true, uris, true, nil},
		{"a route", strings.Replace(source, "  /health:", "  /healthy:", 1), true, uris, true, nil},
		{"another function", source, true, integrations{buffered: "uri:other", stream: "uri:stream"}, true, nil},
		{"another streaming address", source, true, integrations{buffered: "uri:buffered", stream: "uri:other"}, true, nil},
		{"no demand for a key", source, false, uris, true, nil},
		{"an allowed origin", source, true, uris, true, []string{"https://a.example.com"}},
	} {
		verb := "does not change"
		if tt.changes {
			verb = "changes"
		}
		t.Run(tt.name+" "+verb+" the text", func(t *testing.T) {
			text, err := document([]byte(tt.source), tt.uris, choices{tt.key, tt.origins})
			if err != nil {
				t.Fatal(err)
			}
			if (text != base) != tt.changes {
				t.Errorf("changed: %v, want %v", text != base, tt.changes)
			}
		})
	}
	t.Run("no place is left unfilled", func(t *testing.T) {
		if strings.Contains(base, "${") {
			t.Error("there is a ${ in the rendered document")
		}
	})
	t.Run("what is not YAML is an error that names the file", func(t *testing.T) {
		_, err := document([]byte("a: [b"), uris, choices{})
		if err == nil || !strings.Contains(err.Error(), "openapi.yaml") {
			t.Errorf("error %v", err)
		}
	})
}

// TestGatewayResponses holds the door to the function's form of an error: problem+json with the
// request's id, and with the status that goes with it where AWS does not choose it.
func TestGatewayResponses(t *testing.T) {
	_, p := render(t, string(openAPI), true)
	// All that the developer guide's page "Gateway response types" lists.
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
				t.Fatal("there is none")
			}
			if got := r.ResponseParameters["gatewayresponse.header.Content-Type"]; got != "'application/problem+json'" {
				t.Errorf("content type %s", got)
			}
			if got := r.ResponseParameters["gatewayresponse.header.X-Request-Id"]; got != "context.requestId" {
				t.Errorf("request id %s", got)
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
				t.Errorf("the body says %s, the status is %q", status, want)
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

func TestBodiesAreHeldToTheirModels(t *testing.T) {
	_, p := render(t, string(openAPI), true)
	for path, operations := range p.Paths {
		for method, o := range operations {
			want := method == "post" && path == "/files/{key+}"
			v := p.Validators[o.Validator]
			if v.ValidateRequestBody != want || want && !o.RequestBody.Required {
				t.Errorf("%s %s: its body is checked: %v, required: %v; want %v", method, path, v.ValidateRequestBody, o.RequestBody.Required, want)
			}
		}
	}
	if v := p.Validators[p.Validator]; !v.ValidateRequestParameters {
		t.Error("parameters are not checked")
	}
}

func TestCORS(t *testing.T) {
	const own = "gatewayresponse.header.Access-Control-Allow-Origin"
	for _, tt := range []struct {
		name    string
		origins []string
		want    string
	}{
		{"without origins there is neither preflight nor header", nil, ""},
		{"one origin is told to everybody", []string{"https://a.example.com"}, "'https://a.example.com'"},
		{"every origin is told as such", []string{"*"}, "'*'"},
		{"of several it is the one that asks", []string{"https://a.example.com", "https://b.example.com"}, "method.request.header.Origin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := render(t, string(openAPI), true, tt.origins...)
			for path, operations := range p.Paths {
				preflight, there := operations["options"]
				if there != (tt.want != "") || len(preflight.Security) != 0 || there && preflight.Integration.URI != uris.buffered {
					t.Errorf("%s: preflight %v, %+v", path, there, preflight)
				}
			}
			for name, response := range p.Responses {
				if got := response.ResponseParameters[own]; got != tt.want {
					t.Errorf("%s tells the origin %q, want %q", name, got, tt.want)
				}
			}
		})
	}
}
