package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// additions is x-contract: what the client's contract has in addition to the definition that API Gateway gets.
type additions struct {
	Info            map[string]any            `yaml:"info"`
	Servers         []any                     `yaml:"servers"`
	SecuritySchemes map[string]any            `yaml:"securitySchemes"`
	Security        []any                     `yaml:"security"`
	Responses       map[string]map[string]any `yaml:"responses"` // by the operations that they are added to
}

// The operations that responses of x-contract are added to.
const (
	toEvery   = "every"
	toSecured = "secured" // those that have security
)

// Contract is the client's contract: an OpenAPI document without anything that is for API Gateway or for the platform.
// It has a path's methods, each with every status that the function, API Gateway or WAF responds with. Headers,
// parameters and responses that x-shared names are components of it.
func (d *Document) Contract() ([]byte, error) {
	var definition struct {
		OpenAPI    string                    `yaml:"openapi"`
		Info       map[string]any            `yaml:"info"`
		Tags       []any                     `yaml:"tags"`
		Paths      map[string]map[string]any `yaml:"paths"`
		Shared     map[string]map[string]any `yaml:"x-shared"`
		Components map[string]map[string]any `yaml:"components"`
		Additions  *additions                `yaml:"x-contract"`
	}
	if err := yaml.Unmarshal(d.source, &definition); err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml: %w", err)
	}
	if definition.Additions == nil {
		return nil, errors.New("openapi: openapi.yaml: no x-contract, which has the servers and security schemes of the client's contract")
	}
	components := newComponents(definition.Shared)
	paths := map[string]any{}
	for path, nodes := range definition.Paths {
		operations := map[string]any{}
		for method, node := range nodes {
			if operation, ok := node.(map[string]any); ok && slices.Contains(methods, strings.ToUpper(method)) {
				operations[method] = components.link(definition.Additions.extend(method, operation))
			}
		}
		if len(operations) > 0 {
			// API Gateway marks a parameter of several segments; in OpenAPI none is, so clients encode its slashes.
			paths[strings.ReplaceAll(path, "+}", "}")] = operations
		}
	}
	maps.Copy(definition.Info, definition.Additions.Info)
	contract := map[string]any{
		"openapi": definition.OpenAPI, "info": definition.Info, "servers": definition.Additions.Servers, "paths": paths,
		"components": components.all(definition.Components["schemas"], definition.Additions.SecuritySchemes),
	}
	if len(definition.Tags) > 0 {
		contract["tags"] = definition.Tags
	}
	return indented(contract)
}

func indented(document any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return nil, fmt.Errorf("openapi: openapi.yaml as JSON: %w", err)
	}
	return text.Bytes(), nil
}

// extend returns the operation for clients: with the responses of API Gateway and WAF where the function has no response
// of that status, with the schemes of the contract, without extensions and without content in the responses to HEAD.
func (a *additions) extend(method string, operation map[string]any) map[string]any {
	extended := map[string]any{"security": []any{}}
	for name, value := range operation {
		if !strings.HasPrefix(name, "x-") {
			extended[name] = value
		}
	}
	responses := map[string]any{}
	maps.Copy(responses, a.Responses[toEvery])
	if required, _ := operation["security"].([]any); len(required) > 0 {
		extended["security"] = a.Security
		maps.Copy(responses, a.Responses[toSecured])
	}
	own, _ := operation["responses"].(map[string]any)
	maps.Copy(responses, own)
	if method == "head" {
		for status, response := range responses {
			responses[status] = withoutContent(response)
		}
	}
	extended["responses"] = responses
	if scopes, ok := operation["x-scopes"].([]any); ok {
		description, _ := operation["description"].(string)
		extended["description"] = strings.TrimSpace(fmt.Sprintf("%s\n\nScopes that a token needs: %s.", description, joined(scopes)))
	}
	return extended
}

func joined(values []any) string {
	texts := make([]string, len(values))
	for i, value := range values {
		texts[i] = fmt.Sprint(value)
	}
	return strings.Join(texts, ", ")
}

// withoutContent is a response to HEAD, which has no body whatever its Content-Type (RFC 9110, 9.3.2).
func withoutContent(response any) any {
	members, ok := response.(map[string]any)
	if !ok {
		return response
	}
	members = maps.Clone(members)
	delete(members, "content")
	return members
}
