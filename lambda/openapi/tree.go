package openapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Tree is a new copy of what API Gateway gets of the document: routes, the parameters whose presence it checks, security,
// integrations and its own extensions. Prose, schemas and examples are the contract's alone. API Gateway validates no body by
// them; of a parameter it ignores all but its name, place and type; and it imports each schema as a model of JSON Schema
// draft 4, where it rejects `example` and ignores `oneOf`. So a changed text is no new deployment of the API either.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
// https://github.com/awslabs/aws-api-gateway-developer-portal/issues/571
func (d *Document) Tree() (map[string]any, error) {
	var root map[string]any
	if err := yaml.Unmarshal(d.source, &root); err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml: %w", err)
	}
	for _, name := range []string{"x-smoke", "x-contract", "tags"} {
		delete(root, name)
	}
	root["info"] = only(root["info"], "title", "version")
	if components, ok := root["components"].(map[string]any); ok {
		delete(components, "schemas")
	}
	if shared, ok := root["x-shared"].(map[string]any); ok {
		root["x-shared"] = map[string]any{"preflight": routed(shared["preflight"])}
	}
	paths, _ := root["paths"].(map[string]any)
	for _, path := range paths {
		operations, _ := path.(map[string]any)
		for method, operation := range operations {
			operations[method] = routed(operation)
		}
	}
	return root, nil
}

// only are the members of an object that have these names.
func only(object any, names ...string) map[string]any {
	from, _ := object.(map[string]any)
	kept := map[string]any{}
	for _, name := range names {
		if value, ok := from[name]; ok {
			kept[name] = value
		}
	}
	return kept
}

// routed is what API Gateway gets of an operation.
func routed(operation any) map[string]any {
	kept := only(operation, "operationId", "security")
	from, _ := operation.(map[string]any)
	for name, value := range from {
		if strings.HasPrefix(name, "x-amazon-") {
			kept[name] = value
		}
	}
	if parameters, ok := from["parameters"].([]any); ok {
		checked := make([]any, len(parameters))
		for i, parameter := range parameters {
			p := only(parameter, "name", "in", "required", "schema")
			p["schema"] = only(p["schema"], "type")
			checked[i] = p
		}
		kept["parameters"] = checked
	}
	if responses, ok := from["responses"].(map[string]any); ok {
		statuses := map[string]any{}
		for status := range responses {
			code, _ := strconv.Atoi(status)
			statuses[status] = map[string]any{"description": http.StatusText(code)}
		}
		kept["responses"] = statuses
	}
	return kept
}
