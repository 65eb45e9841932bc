package openapi

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func load(t *testing.T) *Document {
	t.Helper()
	d, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestAReadOfAnItemPagesForLatency(t *testing.T) {
	var got []string
	for _, o := range load(t).Watched() {
		got = append(got, o.ID+" "+o.Route())
		if o.LatencyMS != 1000 {
			t.Errorf("%s pages above %d ms", o.ID, o.LatencyMS)
		}
	}
	if want := []string{"getItem GET /items/{id}"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRoutesAreSortedByWhatTheyRequire(t *testing.T) {
	d := load(t)
	open, streamed := d.Routes(Open), d.Routes(Streamed)
	if !slices.Equal(open, []string{"GET /health", "GET /openapi.json", "HEAD /health", "HEAD /openapi.json"}) || !slices.Equal(streamed, []string{"GET /files/{key+}"}) {
		t.Errorf("open %q, streamed %q", open, streamed)
	}
	if both := slices.Sorted(slices.Values(slices.Concat(open, d.Routes(Keyed)))); !slices.Equal(both, d.Routes(Every)) {
		t.Errorf("open and keyed are %q, all %q", both, d.Routes(Every))
	}
}

// A token without any of these scopes can call nothing.
func TestEveryOperationWithSecurityNeedsAScope(t *testing.T) {
	got := map[string][]string{}
	for _, o := range load(t).Operations() {
		if o.Keyed != (len(o.Scopes) > 0) {
			t.Errorf("%s: security %v, scopes %q", o.Route(), o.Keyed, o.Scopes)
		}
		for _, scope := range o.Scopes {
			got[scope] = append(got[scope], o.InvokePath())
		}
	}
	want := map[string][]string{
		"files:read":  {"GET/files/*", "HEAD/files/*"},
		"files:write": {"POST/files/*"},
		"health:read": {"GET/health/details", "HEAD/health/details"},
		"items:read":  {"GET/items", "GET/items/*", "HEAD/items", "HEAD/items/*"},
		"items:write": {"DELETE/items/*", "PUT/items/*"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// The smoke test leaves no data: it writes an item with an id of its own, and deletes it.
func TestTheSmokeTestWritesReadsAndDeletesOneItem(t *testing.T) {
	d := load(t)
	var got []string
	for _, r := range d.Smoke() {
		got = append(got, r.Method()+" "+r.Path("a/b")+" "+string(r.Body)+" "+r.Contains)
	}
	want := []string{
		"GET /health/details  ",
		`PUT /items/smoke-a%2Fb {"smoke":true} `,
		`GET /items/smoke-a%2Fb  "smoke":true`,
		"DELETE /items/smoke-a%2Fb  ",
		"GET /items/smoke-a%2Fb  ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if ready := d.Readiness(); len(ready) != 1 || ready[0].Route != "GET /health/details" {
		t.Errorf("a rollout invokes %+v", ready)
	}
}

const small = `openapi: 3.0.1
info: {title: small}
x-smoke:
  - {name: it works, request: GET /up, status: 200, readiness: true}
  - {name: one is read, request: "GET /a/{id}", parameters: {id: x}, status: 404}
paths:
  /up: {get: {responses: {"200": {description: Yes}}}}
  /a/{id}:
    get:
      operationId: readA
      x-watch: {latencyMs: 20}
      security: [{apiKey: []}]
      x-scopes: [a:read]
      responses: {"200": {description: It}, "404": {description: None}}
    x-amazon-apigateway-any-method: {responses: {"404": {description: None}}}
`

func TestOperations(t *testing.T) {
	d, err := Parse([]byte(small))
	if err != nil {
		t.Fatal(err)
	}
	got := d.Operations()
	for i := range got {
		slices.Sort(got[i].statuses)
	}
	want := []Operation{
		{ID: "readA", Method: "GET", Path: "/a/{id}", Keyed: true, Scopes: []string{"a:read"}, LatencyMS: 20, statuses: []string{"200", "404"}},
		{Method: "GET", Path: "/up", statuses: []string{"200"}},
	}
	if !reflect.DeepEqual(got, want) || d.Title != "small" {
		t.Errorf("%+v of %q, want %+v", got, d.Title, want)
	}
}

func TestAllProblemsOfADocumentAreReportedAtOnce(t *testing.T) {
	for _, tt := range []struct {
		name    string
		replace []string
		want    []string
	}{
		{"of two operations", []string{"latencyMs: 20", "latencyMs: 0", `{get: {responses`, `{get: {x-scopes: [up], responses`},
			[]string{"GET /a/{id}: x-watch: latencyMs is 0", "GET /up: x-scopes: the operation has no security"}},
		{"of the smoke test and the alarms", []string{"x-watch: {latencyMs: 20}", "summary: One", "request: GET /up", "request: GET /gone", "status: 404", "status: 410"},
			[]string{"no operation has x-watch", "x-smoke: [0] it works: request is", "x-smoke: [1] one is read: status is 410"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Parse([]byte(strings.NewReplacer(tt.replace...).Replace(small)))
			for _, want := range tt.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q in it", err, want)
				}
			}
		})
	}
}

func TestADocumentThatDoesNotAgreeWithItselfIsRejected(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"it is not YAML", "openapi: 3.0.1", "a: [b", "openapi.yaml"},
		{"no operation has a latency alarm", "x-watch: {latencyMs: 20}", "summary: One", "no operation has x-watch"},
		{"a latency of 0", "latencyMs: 20", "latencyMs: 0", "GET /a/{id}: x-watch: latencyMs is 0"},
		{"a latency that is no number", "latencyMs: 20", "latencyMs: soon", "GET /a/{id}: x-watch"},
		{"an unknown member of x-watch", "latencyMs: 20", "latency: 20", `unknown field "latency"`},
		{"an alarm without a name", "operationId: readA", "summary: One", "named after operationId"},
		{"an alarm whose name AWS would reject", "operationId: readA", `operationId: "read a"`, `"read a"`},
		{"an alarm on a streamed operation", "x-watch:", "x-amazon-apigateway-integration: {responseTransferMode: STREAM}\n      x-watch:", "it streams"},
		{"scopes in one string", "x-scopes: [a:read]", "x-scopes: a:read a:write", "GET /a/{id}: x-scopes: must be a list"},
		{"no scope in the list", "x-scopes: [a:read]", "x-scopes: []", "x-scopes: must be a list"},
		{"a scope with a space", "x-scopes: [a:read]", "x-scopes: [a:write, a read]", `x-scopes: [1] is "a read"`},
		{"a scope twice", "x-scopes: [a:read]", "x-scopes: [a:read, a:read]", `x-scopes: [1] is "a:read"`},
		{"scopes without security", "security: [{apiKey: []}]", "summary: One", "x-scopes: the operation has no security"},
		{"no smoke test", "x-smoke:", "x-smoked:", "x-smoke: no request has readiness"},
		{"no request for a rollout", ", readiness: true", "", "no request has readiness"},
		{"an unknown member of x-smoke", "readiness: true", "ready: true", `unknown field "ready"`},
		{"a request of a removed route", "request: GET /up", "request: GET /gone", `[0] it works: request is "GET /gone"; must be one of GET /a/{id}, GET /up`},
		{"a request of a removed method", "request: GET /up", "request: PUT /up", `request is "PUT /up"`},
		{"a status that is not documented", "status: 404", "status: 410", "[1] one is read: status is 410; must be one of the responses of GET /a/{id}: 200, 404"},
		{"a path without its parameter", "parameters: {id: x}", "parameters: {}", "parameters has no {id}"},
		{"a parameter that no path has", "{id: x}", "{id: x, key: y}", "parameters.key is not in the path"},
		{"a rollout that would need a parameter", "status: 404", "status: 404, readiness: true", "readiness is for GET of a path without parameters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			changed := strings.Replace(small, tt.old, tt.new, 1)
			if changed == small {
				t.Fatalf("%q is not in the document", tt.old)
			}
			if _, err := Parse([]byte(changed)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}
