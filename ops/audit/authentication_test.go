package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

func TestAnAPIAuthenticatesItsCallers(t *testing.T) {
	document := func(text any) func(stack) {
		return func(s stack) { s.set(types.RestAPI, "", "body", text) }
	}
	check(t, "authentication", map[string]example{
		"signatures": {document(`{"components":{"securitySchemes":{"signature":{"x-amazon-apigateway-authtype":"awsSigv4"}}}}`), nil},
		"tokens":     {document(`{"components":{"securitySchemes":{"token":{"x-amazon-apigateway-authtype":"custom"}}}}`), nil},
		"API keys alone": {document(`{"components":{"securitySchemes":{"apiKey":{"type":"apiKey","in":"header","name":"x-api-key"}}}}`), []string{
			"api-rest: authenticates no caller",
		}},
		"nothing":                          {document(`{}`), []string{"api-rest: authenticates no caller"}},
		"a document that is not known yet": {document(graph.Unknown), nil},
		"a document that is not JSON":      {document("openapi: 3.0.3"), []string{"api-rest: has a document that cannot be read: invalid character 'o' looking for beginning of value"}},
	})
}
