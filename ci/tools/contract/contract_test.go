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
		t.Errorf("%d changes break clients of the released contract, docs/openapi-released.json:\n%s\nMake them in a new version of the API instead: docs/explanation/versioning.md",
			len(changes), strings.Join(changes, "\n"))
	}
}

// document is a contract as JSON.
type document = map[string]any

// at is the member that the path leads to; a missing object is created.
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

func TestBreakingChangesAreReported(t *testing.T) {
	parameter := func(required bool) document {
		return document{"name": "tenant", "in": "query", "required": required, "schema": document{"type": "string"}}
	}
	add := func(d document, p document) {
		list := at(d, "paths", "/items", "get")
		list["parameters"] = append(list["parameters"].([]any), p)
	}
	item := []string{"components", "schemas", "Item"}
	for _, c := range []struct {
		name   string
		change func(document)
		want   string // in the only report; none if empty
	}{
		{"nothing", func(document) {}, ""},
		{"an operation is removed", func(d document) { delete(at(d, "paths", "/items/{id}"), "delete") }, "DELETE /items/{id}: API removed without deprecation"},
		{"a success status is removed", func(d document) { delete(at(d, "paths", "/items/{id}", "put", "responses"), "201") }, "PUT /items/{id}: removed the success response with the status `201`"},
		{"an error status is removed", func(d document) { delete(at(d, "paths", "/items/{id}", "put", "responses"), "422") }, "PUT /items/{id}: removed the non-success response with the status `422`"},
		{"a required parameter is added", func(d document) { add(d, parameter(true)) }, "GET /items: added the new required `query` request parameter `tenant`"},
		{"a member of responses is removed", func(d document) { delete(at(d, append(item, "properties")...), "updated_at") }, "updated_at"},
		{"a pattern of a parameter is stricter", func(d document) { at(d, "components", "parameters", "IfMatch", "schema")["pattern"] = "^x$" }, "pattern"},

		{"an optional parameter is added", func(d document) { add(d, parameter(false)) }, ""},
		{"a member of responses is added", func(d document) { at(d, append(item, "properties", "size")...)["type"] = "integer" }, ""},
		{"an operation is added", func(d document) { at(d, "paths", "/tags")["get"] = at(d, "paths", "/health")["get"] }, ""},
		{"an error status is added", func(d document) {
			responses := at(d, "paths", "/items", "get", "responses")
			responses["410"] = responses["400"]
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := read(t, currentPath)
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
			if report := strings.Join(got, "\n"); c.want == "" && len(got) > 0 || !strings.Contains(report, c.want) {
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
