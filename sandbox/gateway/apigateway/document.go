package apigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"github.com/goccy/go-yaml"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// documentMembers returns the members of an API that a document sets: as patch
// operations those that the emulator patches correctly, and the others to store.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
func documentMembers(document map[string]any) ([]patchOperation, map[string]any) {
	var operations []patchOperation
	replace := func(member, value string) {
		if value != "" {
			operations = append(operations, patchOperation{Op: "replace", Path: "/" + member, Value: value})
		}
	}
	info, _ := document["info"].(map[string]any)
	replace("name", call.StringMember(info, "title"))
	replace("description", call.StringMember(info, "description"))
	replace("version", fmt.Sprint(info["version"]))
	replace("apiKeySource", call.StringMember(document, "x-amazon-apigateway-api-key-source"))
	if policy, ok := document["x-amazon-apigateway-policy"]; ok {
		if encoded, err := json.Marshal(policy); err == nil {
			replace("policy", string(encoded))
		}
	}
	changed := map[string]any{}
	for extension, member := range map[string]string{
		"x-amazon-apigateway-binary-media-types":       "binaryMediaTypes",
		"x-amazon-apigateway-minimum-compression-size": "minimumCompressionSize",
	} {
		if value, ok := document[extension]; ok {
			changed[member] = value
		}
	}
	return operations, changed
}

// parseDocument parses an OpenAPI document in JSON or YAML.
func parseDocument(body []byte) (map[string]any, error) {
	var document map[string]any
	if err := yaml.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("invalid OpenAPI input: %w", err)
	}
	if document["openapi"] == nil && document["swagger"] == nil {
		return nil, errors.New("invalid OpenAPI input: the document has neither an openapi nor a swagger version")
	}
	if _, ok := document["paths"].(map[string]any); !ok {
		return nil, errors.New("invalid OpenAPI input: the document has no paths")
	}
	if err := checkModels(document); err != nil {
		return nil, err
	}
	security, err := parseSecurity(document)
	if err != nil {
		return nil, err
	}
	if err := security.check(); err != nil {
		return nil, fmt.Errorf("invalid OpenAPI input: %w", err)
	}
	return document, nil
}

func documentTitle(document map[string]any) string {
	info, _ := document["info"].(map[string]any)
	return call.StringMember(info, "title")
}

// mergeDocuments merges a document into the one before it, as mode=merge does.
func mergeDocuments(before []byte, over map[string]any) ([]byte, map[string]any, error) {
	base, err := parseDocument(before)
	if err != nil {
		return nil, nil, err
	}
	merged := merge(base, over)
	body, err := json.Marshal(merged)
	if err != nil {
		return nil, nil, fmt.Errorf("merge the documents: %w", err)
	}
	return body, merged, nil
}

func merge(base, over map[string]any) map[string]any {
	merged := maps.Clone(base)
	for name, value := range over {
		inner, ok := value.(map[string]any)
		if outer, both := merged[name].(map[string]any); ok && both {
			merged[name] = merge(outer, inner)
			continue
		}
		merged[name] = value
	}
	return merged
}
