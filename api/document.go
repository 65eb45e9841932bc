package api

import (
	"encoding/json"
	"fmt"
	"maps"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// integrationURIs are those with which API Gateway invokes the functions.
type integrationURIs struct {
	buffered   string // the whole response
	stream     string // the response as it is written
	authorizer string // the authorizer's result; empty unless auth is jwt
}

// documentOptions are the stack settings that vary the OpenAPI document.
type documentOptions struct {
	requireKey bool
	origins    []string // whose pages may call the API; none: no CORS
	auth       string   // none, jwt or iam
	// resultSeconds is how long API Gateway caches the authorizer's result.
	resultSeconds int
}

func (c Config) documentOptions() documentOptions {
	return documentOptions{c.RequireAPIKey, c.CORSOrigins, c.Auth, c.resultSeconds()}
}

// render returns the OpenAPI document for one function as JSON. The same definition, addresses and options
// give the same text, whatever the comments and the layout of the YAML are, so its hash changes with the API
// alone.
func render(definition *openapi.Document, uris integrationURIs, c documentOptions) (string, error) {
	root, err := definition.Tree()
	if err != nil {
		return "", fmt.Errorf("api: %w", err)
	}
	withSecurity(root, uris, c)
	if len(c.origins) > 0 {
		withCORS(root, c)
	}
	// The shared pieces stand in their places by now.
	delete(root, "x-shared")
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

// withCORS adds the preflight to every path, and to gateway responses the headers that allow a page to
// read them; the function sets them on its own responses, by the same list.
func withCORS(root map[string]any, c documentOptions) {
	preflight := members(root, "x-shared")["preflight"]
	for _, path := range members(root, "paths") {
		if operations, ok := path.(map[string]any); ok {
			operations["options"] = preflight
		}
	}
	exposed := "'Retry-After,X-Request-Id'"
	if c.auth != openapi.AuthNone {
		exposed = "'Retry-After,WWW-Authenticate,X-Request-Id'"
	}
	headers := map[string]any{
		"gatewayresponse.header.Access-Control-Allow-Origin":   allowedOrigin(c.origins),
		"gatewayresponse.header.Access-Control-Expose-Headers": exposed,
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
