package openapi

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func tree(t *testing.T, d *Document) map[string]any {
	t.Helper()
	root, err := d.Tree()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func TestTheTreeIsForAPIGatewayAlone(t *testing.T) {
	d := load(t)
	root := tree(t, d)
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"x-watch", "x-scopes", "x-smoke", "x-contract", random, "example", "pattern", "$ref", "oneOf", "requestBody", "summary", "tags"} {
		if strings.Contains(string(text), name) {
			t.Errorf("%s is in it", name)
		}
	}
	root["paths"] = nil
	if tree(t, d)["paths"] == nil {
		t.Error("a change of one copy is in the next one")
	}
}

// What the document has in addition is for the contract: API Gateway would reject it, ignore it, or take it for a new API.
func TestAPIGatewayGetsNoProseAndNoSchema(t *testing.T) {
	d, err := Parse([]byte(small + `
  /b/{id}:
    put:
      operationId: writeB
      summary: Writes it
      description: At length
      tags: [b]
      parameters:
        - {name: id, in: path, required: true, description: Which, example: x, schema: {type: string, pattern: '^x$', example: x}}
        - {name: n, in: query, schema: {type: integer, minimum: 1}}
      requestBody: {content: {application/json: {schema: {$ref: "#/components/schemas/B"}, example: {b: 1}}}}
      responses:
        "200": {description: At length, headers: {X-Id: {schema: {type: string}}}, content: {application/json: {schema: {$ref: "#/components/schemas/B"}}}}
      x-amazon-apigateway-integration: {type: mock}
tags: [{name: b, description: At length}]
components:
  securitySchemes: {apiKey: {type: apiKey, name: x-api-key, in: header}}
  schemas: {B: {type: object, properties: {b: {type: integer, example: 1}}}}
x-shared:
  preflight: {summary: At length, responses: {"204": {description: Allowed}}, x-amazon-apigateway-integration: {type: mock}}
  headers: {}
`))
	if err != nil {
		t.Fatal(err)
	}
	root := tree(t, d)
	mock := map[string]any{"type": "mock"}
	for name, part := range map[string]struct{ got, want any }{
		"the operation": {root["paths"].(map[string]any)["/b/{id}"], map[string]any{"put": map[string]any{
			"operationId": "writeB",
			"parameters": []any{
				map[string]any{"name": "id", "in": "path", "required": true, "schema": map[string]any{"type": "string"}},
				map[string]any{"name": "n", "in": "query", "schema": map[string]any{"type": "integer"}},
			},
			"responses":                       map[string]any{"200": map[string]any{"description": "OK"}},
			"x-amazon-apigateway-integration": mock,
		}}},
		"components": {root["components"], map[string]any{
			"securitySchemes": map[string]any{"apiKey": map[string]any{"type": "apiKey", "name": "x-api-key", "in": "header"}},
		}},
		"x-shared": {root["x-shared"], map[string]any{"preflight": map[string]any{
			"responses":                       map[string]any{"204": map[string]any{"description": "No Content"}},
			"x-amazon-apigateway-integration": mock,
		}}},
		"info": {root["info"], map[string]any{"title": "small"}},
	} {
		if !reflect.DeepEqual(part.got, part.want) {
			t.Errorf("%s is\n%v, want\n%v", name, part.got, part.want)
		}
	}
	if keys := slices.Sorted(maps.Keys(root)); !slices.Equal(keys, []string{"components", "info", "openapi", "paths", "x-shared"}) {
		t.Errorf("it has %q", keys)
	}
}
