package audit

import (
	"encoding/json"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// authentication requires an API to authenticate its callers. An API key does not: AWS says that it is not for
// authentication or authorization.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-api-usage-plans.html
func authentication(g *graph.Graph) report {
	var p report
	for _, api := range g.ByType(types.RestAPI) {
		text := api.Text("body")
		if text == graph.Unknown {
			p.fact("the document of %s is not known before the update", api.Name)
			continue
		}
		var document struct {
			Components struct {
				SecuritySchemes map[string]struct {
					AuthType string `json:"x-amazon-apigateway-authtype"`
				} `json:"securitySchemes"`
			} `json:"components"`
		}
		if err := json.Unmarshal([]byte(text), &document); err != nil {
			p.add(api, "import an OpenAPI document in JSON", "has a document that cannot be read: %v", err)
			continue
		}
		found := false
		for name, scheme := range document.Components.SecuritySchemes {
			if scheme.AuthType != "" {
				found = true
				p.fact("%s authenticates callers by the scheme %s (%s)", api.Name, name, scheme.AuthType)
			}
		}
		if !found {
			p.add(api, "set auth to iam or jwt in the stack's api configuration", "authenticates no caller")
		}
	}
	return p
}
