package api

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// integrationURIs are those with which API Gateway invokes the function.
type integrationURIs struct {
	buffered string // the whole response
	stream   string // the response as it is written
}

// documentOptions are the stack settings that vary the OpenAPI document.
type documentOptions struct {
	requireKey bool
	origins    []string // whose pages may call the API; none: no CORS
}

// render returns the OpenAPI document for one function as JSON. The same definition, addresses and options
// give the same text, whatever the comments and the layout of the YAML are, so its hash changes with the API
// alone.
func render(definition *openapi.Document, uris integrationURIs, c documentOptions) (string, error) {
	root, err := definition.Tree()
	if err != nil {
		return "", fmt.Errorf("api: %w", err)
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

// members is the object of that name in another one; nil, when there is none.
func members(object map[string]any, name string) map[string]any {
	inner, _ := object[name].(map[string]any)
	return inner
}

// withURIs returns the tree with every string that is a key of places replaced.
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

// withoutSecurity removes the required key from every operation, and the scheme from the document.
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

// withCORS adds the preflight to every path, and to gateway responses the headers that allow a page to
// read them; the function sets them on its own responses, by the same list.
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
// conditions: with several origins it echoes the request's Origin. Another site's page learns from it only
// that the request was rejected: credentials are never allowed and the body is a problem.
func allowedOrigin(origins []string) string {
	if len(origins) == 1 {
		return "'" + origins[0] + "'"
	}
	return "method.request.header.Origin"
}
