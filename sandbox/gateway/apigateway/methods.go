package apigateway

import (
	"encoding/json"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// getMethod returns a method of an imported document, with what it requires of
// callers; the emulator has none of the document's resources.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetMethod.html
func (s *Service) getMethod(x *call.Exchange) error {
	id := x.Request.PathValue("api")
	body := s.documents.document(id)
	if body == nil {
		return nil // the emulator's response is correct
	}
	document, err := parseDocument(body)
	if err != nil {
		return err
	}
	security, err := parseSecurity(document)
	if err != nil {
		return err
	}
	for path, operations := range security.Paths {
		if resourceID(id, path) != x.Request.PathValue("resource") {
			continue
		}
		for name, raw := range operations {
			if method := restapi.MethodName(name); method == x.Request.PathValue("method") {
				return x.RespondJSON(http.StatusOK, security.methodResource(id, method, raw))
			}
		}
		return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Method identifier specified")
	}
	return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Resource identifier specified")
}

// methodResource returns a method as GetMethod does, without its integration.
func (d documentSecurity) methodResource(apiID, method string, raw json.RawMessage) map[string]any {
	var operation struct {
		ID       string                 `json:"operationId"`
		Security *[]map[string][]string `json:"security"`
	}
	_ = json.Unmarshal(raw, &operation) // the import has parsed it
	requirements := d.Security
	if operation.Security != nil {
		requirements = *operation.Security
	}
	required := restapi.AuthorizationOf(d.Components.SecuritySchemes, requirements)
	resource := map[string]any{"httpMethod": method, "authorizationType": required.Type, "apiKeyRequired": required.Key}
	if required.Scheme != "" {
		resource["authorizerId"] = restapi.AuthorizerID(apiID, required.Scheme)
	}
	if operation.ID != "" {
		resource["operationName"] = operation.ID
	}
	return resource
}
