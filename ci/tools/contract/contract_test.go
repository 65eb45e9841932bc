package contract

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

const (
	currentPath  = "../../../docs/openapi.json"
	releasedPath = "../../../docs/openapi-released.json"
)

func TestTheContractIsCompatibleWithTheReleasedOne(t *testing.T) {
	changes, err := breakingChanges(read(t, releasedPath), read(t, currentPath))
	if err != nil {
		t.Fatal(err)
	}
	if len(changes) > 0 {
		t.Errorf("%d changes break clients of the released contract, docs/openapi-released.json:\n%s\nMake them in a new version of the API instead (docs/explanation/versioning.md); a release renews that file (make release-contract)",
			len(changes), strings.Join(changes, "\n"))
	}
}

// document is a contract as JSON.
type document = map[string]any

// at is the object that the path leads to; a missing one is created.
func at(d document, path ...string) document {
	for _, name := range path {
		next, ok := d[name].(document)
		if !ok {
			next = document{}
			d[name] = next
		}
		d = next
	}
	return d
}

// TestBreakingChangesAreReported changes testdata/contract.json.
func TestBreakingChangesAreReported(t *testing.T) {
	operation := func(d document, path, method string) document { return at(d, "paths", path, method) }
	schema := func(d document, name string) document { return at(d, "components", "schemas", name) }
	addParameter := func(d document, required bool) {
		list := operation(d, "/orders", "get")
		list["parameters"] = append(list["parameters"].([]any), document{"name": "tenant", "in": "query", "required": required, "schema": document{"type": "string"}})
	}
	for _, c := range []struct {
		name   string
		change func(document)
		want   string // the report; none if empty
	}{
		{"no change is reported for the same contract", func(document) {}, ""},
		{"a removed operation is reported", func(d document) { delete(at(d, "paths", "/orders/{id}"), "delete") }, "DELETE /orders/{id}: API removed without deprecation"},
		{"a renamed operation is reported", func(d document) { operation(d, "/orders", "get")["operationId"] = "orders" }, "GET /orders: API operation id"},
		{"a removed status of success is reported", func(d document) { delete(at(operation(d, "/orders/{id}", "put"), "responses"), "201") }, "PUT /orders/{id}: removed the success response with the status `201`"},
		{"a removed status of an error is reported", func(d document) { delete(at(operation(d, "/orders/{id}", "put"), "responses"), "422") }, "PUT /orders/{id}: removed the non-success response with the status `422`"},
		{"a new required parameter is reported", func(d document) { addParameter(d, true) }, "GET /orders: added the new required `query` request parameter `tenant`"},
		{"a new required member of a request is reported", func(d document) { schema(d, "NewOrder")["required"] = []any{"total", "note"} }, "`note`"},
		{"a narrower limit of a parameter is reported", func(d document) {
			operation(d, "/orders", "get")["parameters"].([]any)[0].(document)["schema"] = document{"type": "integer", "maximum": 50}
		}, "decreased"},
		{"a removed member of a response is reported", func(d document) { delete(at(schema(d, "Order"), "properties"), "state") }, "state"},
		{"a member of a response that may be missing is reported", func(d document) { schema(d, "Order")["required"] = []any{"id"} }, "state"},
		{"a removed header of a response is reported", func(d document) { delete(at(operation(d, "/orders", "get"), "responses", "200"), "headers") }, "ETag"},
		{"a new value of a response's enum is reported", func(d document) {
			at(schema(d, "Order"), "properties", "state")["enum"] = []any{"open", "paid", "void"}
		}, "void"},

		{"a new optional parameter is compatible", func(d document) { addParameter(d, false) }, ""},
		{"a new member of a response is compatible", func(d document) { at(schema(d, "Order"), "properties", "size")["type"] = "integer" }, ""},
		{"a new optional member of a request is compatible", func(d document) { at(schema(d, "NewOrder"), "properties", "size")["type"] = "integer" }, ""},
		{"a new operation is compatible", func(d document) {
			at(d, "paths", "/v2/orders")["get"] = document{"operationId": "listOrdersV2", "responses": document{"200": document{"description": "A page"}}}
		}, ""},
		{"a new status of an error is compatible", func(d document) { at(operation(d, "/orders", "get"), "responses", "410")["description"] = "Gone" }, ""},
		{"a wider limit is compatible", func(d document) {
			operation(d, "/orders", "get")["parameters"].([]any)[0].(document)["schema"] = document{"type": "integer", "maximum": 500}
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := read(t, "testdata/contract.json")
			var changed document
			if err := json.Unmarshal(base, &changed); err != nil {
				t.Fatal(err)
			}
			c.change(changed)
			text, err := json.Marshal(changed)
			if err != nil {
				t.Fatal(err)
			}
			got, err := breakingChanges(base, text)
			if err != nil {
				t.Fatal(err)
			}
			if report := strings.Join(got, "\n"); (c.want == "") != (len(got) == 0) || !strings.Contains(report, c.want) {
				t.Errorf("reported:\n%s\nwant %q", report, c.want)
			}
		})
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
