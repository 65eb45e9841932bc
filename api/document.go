package api

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed openapi.yaml
var openAPI []byte

// integrations are the addresses that API Gateway invokes the function under.
type integrations struct {
	buffered string // answers whole
	stream   string // answers as it goes
}

// choices are what a stack decides about the API that its definition leaves open.
type choices struct {
	requireKey bool
	origins    []string // whose pages may call the API; none: no CORS
}

// document renders the OpenAPI document for one function as JSON. The same definition, addresses and
// choices give the same text, whatever the comments and the layout of the YAML are, so its hash says
// whether the API has changed.
func document(source []byte, uris integrations, c choices) (string, error) {
	root, err := parseDocument(source)
	if err != nil {
		return "", err
	}
	if len(c.origins) > 0 {
		withCORS(root, c.origins)
	}
	// The shared pieces stand in their places by now.
	delete(root, "x-shared")
	if !c.requireKey {
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

func parseDocument(source []byte) (map[string]any, error) {
	var root map[string]any
	if err := yaml.Unmarshal(source, &root); err != nil {
		return nil, fmt.Errorf("api: openapi.yaml: %w", err)
	}
	return root, nil
}

// routes are the methods of the definition as a stack file names them, "GET /items/{id}", sorted.
func routes() []string { return routesThat(func(map[string]any) bool { return true }) }

// keyedRoutes are those that ask for an API key, where the stack does not do without.
func keyedRoutes() []string {
	return routesThat(func(operation map[string]any) bool { return operation["security"] != nil })
}

func routesThat(are func(operation map[string]any) bool) []string {
	root, err := parseDocument(openAPI)
	if err != nil {
		return nil // New says so
	}
	var all []string
	for path, operations := range members(root, "paths") {
		methods, _ := operations.(map[string]any)
		for method, operation := range methods {
			o, _ := operation.(map[string]any)
			if !strings.HasPrefix(method, "x-") && are(o) {
				all = append(all, strings.ToUpper(method)+" "+path)
			}
		}
	}
	slices.Sort(all)
	return all
}

// members is the object of that name in another one; nil, when there is none.
func members(object map[string]any, name string) map[string]any {
	inner, _ := object[name].(map[string]any)
	return inner
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
	delete(members(root, "components"), "securitySchemes")
	for _, path := range members(root, "paths") {
		operations, _ := path.(map[string]any)
		for _, operation := range operations {
			if o, ok := operation.(map[string]any); ok {
				delete(o, "security")
			}
		}
	}
}

// withCORS adds the preflight to every path, and to what the door itself answers the headers that let
// a page read it; the function sets them on its own answers, by the same list.
func withCORS(root map[string]any, origins []string) {
	preflight := members(root, "x-shared")["preflight"]
	for _, path := range members(root, "paths") {
		if operations, ok := path.(map[string]any); ok {
			operations["options"] = preflight
		}
	}
	headers := map[string]any{
		"gatewayresponse.header.Access-Control-Allow-Origin":   allowedOrigin(origins),
		"gatewayresponse.header.Access-Control-Expose-Headers": "'Retry-After,X-Request-Id'",
		"gatewayresponse.header.Vary":                          "'Origin'",
	}
	for _, response := range members(root, "x-amazon-apigateway-gateway-responses") {
		if r, ok := response.(map[string]any); ok {
			maps.Copy(members(r, "responseParameters"), headers)
		}
	}
}

// allowedOrigin is the mapping of a gateway response's header. A response has one value and no
// conditions: with several origins it is whichever asks. That tells a stranger's page nothing but
// that it was refused, since credentials are never allowed and the body is a problem.
func allowedOrigin(origins []string) string {
	if len(origins) == 1 {
		return "'" + origins[0] + "'"
	}
	return "method.request.header.Origin"
}
