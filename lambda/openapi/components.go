package openapi

import (
	"encoding/json"
	"maps"
)

// components are the elements of x-shared that become components of the contract. The definition repeats them by YAML's
// anchors, because API Gateway supports references to schemas only.
type components struct {
	shared map[string]map[string]any // by kind and name
	refs   map[string]string         // by kind and the element as JSON
	used   map[string]map[string]any
}

// componentKinds are the members of x-shared with elements that OpenAPI has components of.
var componentKinds = []string{"headers", "parameters", "responses"}

func newComponents(shared map[string]map[string]any) *components {
	c := &components{shared: map[string]map[string]any{}, refs: map[string]string{}, used: map[string]map[string]any{}}
	for _, kind := range componentKinds {
		c.shared[kind], c.used[kind] = shared[kind], map[string]any{}
		for name, element := range shared[kind] {
			c.refs[kind+key(element)] = name
		}
	}
	return c
}

// key is the same for equal elements: encoding/json sorts members.
func key(element any) string {
	text, _ := json.Marshal(element) // of YAML's values, which it can encode
	return string(text)
}

// link returns the operation with references in place of the elements that have a name.
func (c *components) link(operation map[string]any) map[string]any {
	operation = maps.Clone(operation)
	if parameters, ok := operation["parameters"].([]any); ok {
		linked := make([]any, len(parameters))
		for i, parameter := range parameters {
			linked[i] = c.element("parameters", parameter)
		}
		operation["parameters"] = linked
	}
	if responses, ok := operation["responses"].(map[string]any); ok {
		linked := map[string]any{}
		for status, response := range responses {
			linked[status] = c.element("responses", response)
		}
		operation["responses"] = linked
	}
	return operation
}

// element is a reference to the named element, or the element itself.
func (c *components) element(kind string, element any) any {
	name, ok := c.refs[kind+key(element)]
	if !ok {
		return c.withLinkedHeaders(element)
	}
	c.used[kind][name] = c.withLinkedHeaders(element)
	return map[string]any{"$ref": "#/components/" + kind + "/" + name}
}

// withLinkedHeaders returns a response with references to its named headers.
func (c *components) withLinkedHeaders(element any) any {
	members, ok := element.(map[string]any)
	if !ok {
		return element
	}
	headers, ok := members["headers"].(map[string]any)
	if !ok {
		return element
	}
	linked := map[string]any{}
	for name, header := range headers {
		linked[name] = c.element("headers", header)
	}
	members = maps.Clone(members)
	members["headers"] = linked
	return members
}

// all are the components that the operations use, with the schemas and security schemes.
func (c *components) all(schemas, securitySchemes map[string]any) map[string]any {
	all := map[string]any{"schemas": schemas, "securitySchemes": securitySchemes}
	for kind, elements := range c.used {
		if len(elements) > 0 {
			all[kind] = elements
		}
	}
	return all
}
