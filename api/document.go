package api

import (
	_ "embed"
	"encoding/json"
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed openapi.yaml
var openAPI []byte

// integrations are the addresses that API Gateway invokes the function under.
type integrations struct {
	buffered string // answers whole
	stream   string // answers as it goes
}

// document renders the OpenAPI document for one function as JSON. The same definition, addresses and
// choice give the same text, whatever the comments and the layout of the YAML are, so its hash says
// whether the API has changed.
func document(source []byte, uris integrations, requireKey bool) (string, error) {
	var root map[string]any
	if err := yaml.Unmarshal(source, &root); err != nil {
		return "", fmt.Errorf("api: openapi.yaml: %w", err)
	}
	// The shared pieces stand in their places by now.
	delete(root, "x-shared")
	if !requireKey {
		withoutSecurity(root)
	}
	text, err := json.Marshal(withURIs(root, map[string]string{
		"${buffered}": uris.buffered,
		"${stream}":   uris.stream,
	}))
	if err != nil {
		return "", fmt.Errorf("api: openapi.yaml as JSON: %w", err)
	}
	return string(text), nil
}

// withURIs returns the tree with every text that is a name of places replaced.
func withURIs(node any, places map[string]string) any {
	switch node := node.(type) {
	case map[string]any:
		out := make(map[string]any, len(node))
		for key, value := range node {
			out[key] = withURIs(value, places)
		}
		return out
	case []any:
		out := make([]any, len(node))
		for i, value := range node {
			out[i] = withURIs(value, places)
		}
		return out
	case string:
		if uri, ok := places[node]; ok {
			return uri
		}
	}
	return node
}

// withoutSecurity takes the demand for a key from every operation, and the scheme from the document.
func withoutSecurity(root map[string]any) {
	if components, ok := root["components"].(map[string]any); ok {
		delete(components, "securitySchemes")
	}
	paths, _ := root["paths"].(map[string]any)
	for _, path := range paths {
		operations, _ := path.(map[string]any)
		for _, operation := range operations {
			if o, ok := operation.(map[string]any); ok {
				delete(o, "security")
			}
		}
	}
}
