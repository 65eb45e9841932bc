package api

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/openapi"
)

var uris = integrationURIs{buffered: "uri:buffered", stream: "uri:stream"}

// definition is the example document of testdata.
func definition(t *testing.T) *openapi.Document {
	t.Helper()
	d, err := openapi.Parse([]byte(source(t)))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func source(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// defaults is the default configuration with that document.
func defaults(t *testing.T) Config {
	t.Helper()
	c := Default()
	c.Document = definition(t)
	return c
}

// parsed is what the tests read of the rendered document.
type parsed struct {
	Paths      map[string]map[string]operation
	Components struct {
		SecuritySchemes map[string]any
	}
	Responses map[string]struct {
		ResponseParameters map[string]string
	} `json:"x-amazon-apigateway-gateway-responses"`
}

type operation struct {
	Security    []map[string]any
	Integration struct{ URI string } `json:"x-amazon-apigateway-integration"`
}

func rendered(t *testing.T, source string, requireKey bool, origins ...string) (string, parsed) {
	t.Helper()
	d, err := openapi.Parse([]byte(source))
	if err != nil {
		t.Fatal(err)
	}
	text, err := render(d, uris, documentOptions{requireKey: requireKey, origins: origins, auth: openapi.AuthNone})
	if err != nil {
		t.Fatal(err)
	}
	var p parsed
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return text, p
}

func TestEachIntegrationHasTheFunctionsAddress(t *testing.T) {
	_, p := rendered(t, source(t), true)
	for path, operations := range p.Paths {
		for method, o := range operations {
			want := uris.buffered
			if path == "/scans/{key+}" && (method == "get" || method == "head") {
				want = uris.stream
			}
			if o.Integration.URI != want {
				t.Errorf("%s %s invokes %q, want %q", method, path, o.Integration.URI, want)
			}
		}
	}
}

func TestTheDocumentRequiresAKeyWhereTheStackDoes(t *testing.T) {
	for _, tt := range []struct {
		name       string
		requireKey bool
	}{
		{"the operations with the scheme apiKey require it", true},
		{"no operation requires a key when the stack requires none", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := rendered(t, source(t), tt.requireKey)
			for path, operations := range p.Paths {
				for method, o := range operations {
					if want := tt.requireKey && path != "/ping"; (len(o.Security) > 0) != want {
						t.Errorf("%s %s requires the key: %v, want %v", method, path, o.Security, want)
					}
				}
			}
			if _, defined := p.Components.SecuritySchemes["apiKey"]; defined != tt.requireKey {
				t.Errorf("the scheme is defined: %v, want %v", defined, tt.requireKey)
			}
		})
	}
}

func TestTheRenderedDocumentFollowsTheDefinition(t *testing.T) {
	source := source(t)
	base, _ := rendered(t, source, true)
	for _, tt := range []struct {
		name    string
		source  string
		key     bool
		uris    integrationURIs
		changes bool
		origins []string
	}{
		{"the same definition", source, true, uris, false, nil},
		{"a comment", "# another word\n" + source, true, uris, false, nil},
		{"the layout", strings.Replace(source, "{title: books and scans, version: \"1\"}", "{ version: '1',   title: books and scans }", 1), true, uris, false, nil},
		{"a summary", strings.Replace(source, "All books", "Every book", 1), true, uris, false, nil},
		{"a route", strings.Replace(source, "  /books:", "  /volumes:", 1), true, uris, true, nil},
		{"another function", source, true, integrationURIs{buffered: "uri:other", stream: "uri:stream"}, true, nil},
		{"another streaming address", source, true, integrationURIs{buffered: "uri:buffered", stream: "uri:other"}, true, nil},
		{"a latency to watch", strings.Replace(source, "latencyMs: 500", "latencyMs: 700", 1), true, uris, false, nil},
		{"a scope", strings.Replace(source, "[scans:write]", "[scans:upload]", 1), true, uris, false, nil},
		{"a smoke test's request", strings.Replace(source, "{name: it works,", "{name: it is up,", 1), true, uris, false, nil},
		{"no required key", source, false, uris, true, nil},
		{"an allowed origin", source, true, uris, true, []string{"https://a.example.com"}},
	} {
		verb := "does not change"
		if tt.changes {
			verb = "changes"
		}
		t.Run(tt.name+" "+verb+" the text", func(t *testing.T) {
			d, err := openapi.Parse([]byte(tt.source))
			if err != nil {
				t.Fatal(err)
			}
			text, err := render(d, tt.uris, documentOptions{requireKey: tt.key, origins: tt.origins, auth: openapi.AuthNone})
			if err != nil {
				t.Fatal(err)
			}
			if (text != base) != tt.changes {
				t.Errorf("changed: %v, want %v", text != base, tt.changes)
			}
		})
	}
	t.Run("every placeholder is filled", func(t *testing.T) {
		if strings.Contains(base, "${") {
			t.Error("there is a ${ in the rendered document")
		}
	})
	t.Run("extensions that are not API Gateway's are removed", func(t *testing.T) {
		for _, extension := range []string{"x-shared", "x-watch", "x-scopes", "x-smoke"} {
			if strings.Contains(base, extension) {
				t.Errorf("%s is in the rendered document", extension)
			}
		}
	})
}

func TestCORS(t *testing.T) {
	const own = "gatewayresponse.header.Access-Control-Allow-Origin"
	for _, tt := range []struct {
		name    string
		origins []string
		want    string
	}{
		{"without origins there is neither preflight nor header", nil, ""},
		{"one origin is sent in every response", []string{"https://a.example.com"}, "'https://a.example.com'"},
		{"every origin is sent as *", []string{"*"}, "'*'"},
		{"of several, the request's own is sent", []string{"https://a.example.com", "https://b.example.com"}, "method.request.header.Origin"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, p := rendered(t, source(t), true, tt.origins...)
			for path, operations := range p.Paths {
				preflight, there := operations["options"]
				if there != (tt.want != "") || len(preflight.Security) != 0 || there && preflight.Integration.URI != uris.buffered {
					t.Errorf("%s: preflight %v, %+v", path, there, preflight)
				}
			}
			for name, response := range p.Responses {
				if got := response.ResponseParameters[own]; got != tt.want {
					t.Errorf("%s sends the origin %q, want %q", name, got, tt.want)
				}
			}
		})
	}
}
