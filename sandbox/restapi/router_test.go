package restapi

import (
	"maps"
	"os"
	"strings"
	"testing"
)

func TestTheMostSpecificResourceServes(t *testing.T) {
	d := testDocument(t)
	tests := []struct {
		path, want string
		params     map[string]string
	}{
		{"/", "/", nil},
		{"", "/", nil},
		{"/items", "/items", nil},
		{"/items/", "/items", nil},
		{"/items/latest", "/items/latest", nil},
		{"/items/7", "/items/{id}", map[string]string{"id": "7"}},
		{"/items/a%2Fb", "/items/{id}", map[string]string{"id": "a%2Fb"}},
		{"/items/latest/parts/2", "/items/{id}/parts/{part}", map[string]string{"id": "latest", "part": "2"}},
		{"/items/7/parts", "/{proxy+}", map[string]string{"proxy": "items/7/parts"}},
		{"/files/a/b c", "/files/{key+}", map[string]string{"key": "a/b c"}},
		{"/files/a//b", "/files/{key+}", map[string]string{"key": "a//b"}},
		{"/files/a/", "/files/{key+}", map[string]string{"key": "a"}},
		{"/files", "/{proxy+}", map[string]string{"proxy": "files"}},
		{"/ITEMS", "/{proxy+}", map[string]string{"proxy": "ITEMS"}},
	}
	for _, test := range tests {
		t.Run("path "+test.path, func(t *testing.T) {
			r, params := d.match(test.path)
			if r == nil || r.path != test.want || !maps.Equal(params, test.params) {
				t.Errorf("%q is served by %+v with %v, want %s with %v", test.path, r, params, test.want, test.params)
			}
		})
	}
}

func TestErrorsOfInvalidDocuments(t *testing.T) {
	const integration = `{"x-amazon-apigateway-integration":{"type":"mock"}}`
	tests := []struct{ name, document, want string }{
		{"not OpenAPI", `]`, "neither JSON nor YAML"},
		{"Swagger 2", `{"swagger":"2.0"}`, "want 3.x"},
		{"no integration", `{"openapi":"3.0.1","paths":{"/a":{"get":{}}}}`, "path /a: get: No integration defined"},
		{"a greedy parameter in the middle", `{"openapi":"3.0.1","paths":{"/{a+}/b":{"get":` + integration + `}}}`, "must be the last segment"},
		{"a parameter that is not closed", `{"openapi":"3.0.1","paths":{"/{a":{"get":` + integration + `}}}`, "want {name} or {name+}"},
		{"two names for one parameter", `{"openapi":"3.0.1","paths":{"/{a}":{"get":` + integration + `},"/{b}/c":{"get":` + integration + `}}}`, "its sibling is called a"},
		{"a path without a slash", `{"openapi":"3.0.1","paths":{"a":{"get":` + integration + `}}}`, "does not begin with a slash"},
		{"an unknown validator", `{"openapi":"3.0.1","x-amazon-apigateway-request-validator":"v","paths":{"/a":{"get":` + integration + `}}}`, `"v" is not defined`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := compile([]byte(test.document))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

func FuzzMatch(f *testing.F) {
	for _, path := range []string{"/", "/items/7", "/files/a//b/", "//", "/items/%zz/parts/", "items"} {
		f.Add(path)
	}
	d := testDocument(f)
	f.Fuzz(func(t *testing.T, path string) {
		r, params := d.match(path)
		if r == nil {
			t.Fatalf("%q has no route, and /{proxy+} and / match every path", path)
		}
		// The values in the resource's path must give the request's path.
		built := r.path
		for name, value := range params {
			built = strings.Replace(strings.Replace(built, "{"+name+"+}", value, 1), "{"+name+"}", value, 1)
		}
		if want := "/" + strings.TrimPrefix(strings.TrimRight(path, "/"), "/"); !strings.Contains(path, "{") && built != want {
			t.Fatalf("%q by %s with %v gives %q", path, r.path, params, built)
		}
	})
}

func testDocument(t testing.TB) *document {
	t.Helper()
	source, err := os.ReadFile("testdata/api.yaml")
	if err != nil {
		t.Fatal(err)
	}
	d, err := compile(source)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAnyMethodIsOneOfSeven(t *testing.T) {
	any := &operation{}
	r := &resource{operations: map[string]*operation{"ANY": any}}
	for method, want := range map[string]*operation{"GET": any, "HEAD": any, "PATCH": any, "TRACE": nil, "CONNECT": nil, "get": nil, "MKCOL": nil} {
		if r.operation(method) != want {
			t.Errorf("%s is served: %v", method, want == nil)
		}
	}
}
