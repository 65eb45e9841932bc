package gateway

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
)

// rootPath is how API Gateway calls the empty base path.
const rootPath = "(none)"

// basePathMapping leads a base path of a custom domain to a stage.
type basePathMapping struct {
	BasePath  string `json:"basePath"`
	RestAPIID string `json:"restApiId"`
	Stage     string `json:"stage,omitempty"`
}

// cleanDomain adds the status and drops what is not set: without
// domainNameStatus AVAILABLE a create never ends, and an empty
// mutualTlsAuthentication reads back as one of nulls. A regional domain has no
// distribution, and its target is d-<id>.execute-api.<region>.amazonaws.com.
// https://docs.aws.amazon.com/apigateway/latest/api/API_DomainName.html
func cleanDomain(g *Gateway, domain map[string]any) {
	domain["domainNameStatus"] = "AVAILABLE"
	dropEmpty(domain, "mutualTlsAuthentication")
	for member, value := range domain {
		if value == "" {
			delete(domain, member)
		}
	}
	endpoint, _ := domain["endpointConfiguration"].(map[string]any)
	if types, _ := endpoint["types"].([]any); slices.Contains(types, any("REGIONAL")) {
		delete(domain, "distributionDomainName")
		delete(domain, "distributionHostedZoneId")
		sum := sha256.Sum256([]byte(text(domain, "domainName")))
		domain["regionalDomainName"] = "d-" + hex.EncodeToString(sum[:])[:10] + ".execute-api." + g.config.Region + ".amazonaws.com"
	}
}

func deleteDomain(x *exchange) error {
	domain := x.r.PathValue("domain")
	x.g.apis.mu.Lock()
	delete(x.g.apis.mappings, domain)
	x.g.apis.mu.Unlock()
	x.g.fields.forget("/domainnames/" + domain)
	return nil
}

// createMapping keeps a base path mapping here: an empty base path is "(none)"
// on AWS, and the emulator stores it under a name that no later call can reach.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateBasePathMapping.html
func createMapping(x *exchange) error {
	var mapping basePathMapping
	if err := json.Unmarshal(x.answer, &mapping); err != nil {
		return fmt.Errorf("decode the mapping: %w", err)
	}
	if mapping.BasePath == "" {
		mapping.BasePath = rootPath
	}
	domain := x.r.PathValue("domain")
	x.g.apis.mu.Lock()
	defer x.g.apis.mu.Unlock()
	if _, taken := x.g.apis.mappings[domain][mapping.BasePath]; taken {
		return x.answerError(http.StatusConflict, "ConflictException", "Base path already exists for this domain name")
	}
	if x.g.apis.mappings[domain] == nil {
		x.g.apis.mappings[domain] = map[string]basePathMapping{}
	}
	x.g.apis.mappings[domain][mapping.BasePath] = mapping
	return x.answerJSON(http.StatusCreated, mapping)
}

// listMappings answers the domain's mappings from here.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetBasePathMappings.html
func listMappings(x *exchange) error {
	if !x.succeeded() {
		return nil // the emulator says that there is no such domain
	}
	return x.answerJSON(http.StatusOK, map[string]any{"item": x.g.apis.mappingsOf(x.r.PathValue("domain"))})
}

func (a *apis) mappingsOf(domain string) []basePathMapping {
	a.mu.Lock()
	defer a.mu.Unlock()
	mappings := []basePathMapping{}
	for _, path := range slices.Sorted(maps.Keys(a.mappings[domain])) {
		mappings = append(mappings, a.mappings[domain][path])
	}
	return mappings
}

func (a *apis) mapping(r *http.Request) (basePathMapping, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mapping, ok := a.mappings[r.PathValue("domain")][r.PathValue("base")]
	return mapping, ok
}

func (x *exchange) noSuchMapping() error {
	return x.answerError(http.StatusNotFound, "NotFoundException", "Invalid base path mapping identifier specified")
}

// getMapping answers one mapping, "(none)" included.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetBasePathMapping.html
func getMapping(x *exchange) error {
	mapping, ok := x.g.apis.mapping(x.r)
	if !ok {
		return x.noSuchMapping()
	}
	return x.answerJSON(http.StatusOK, mapping)
}

// updateMapping points a mapping elsewhere; the emulator does not know the call.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateBasePathMapping.html
func updateMapping(x *exchange) error {
	mapping, ok := x.g.apis.mapping(x.r)
	if !ok {
		return x.noSuchMapping()
	}
	var request struct{ PatchOperations []patchOperation }
	if err := decodeCall(x.body, &request); err != nil {
		return x.answerError(http.StatusBadRequest, "BadRequestException", "Invalid patch request: "+err.Error())
	}
	before := mapping.BasePath
	for _, operation := range request.PatchOperations {
		switch operation.tokens()[0] {
		case "basePath":
			mapping.BasePath = operation.Value
			if mapping.BasePath == "" {
				mapping.BasePath = rootPath
			}
		case "restapiId", "restApiId":
			mapping.RestAPIID = operation.Value
		case "stage":
			mapping.Stage = operation.Value
		}
	}
	x.g.apis.mu.Lock()
	delete(x.g.apis.mappings[x.r.PathValue("domain")], before)
	x.g.apis.mappings[x.r.PathValue("domain")][mapping.BasePath] = mapping
	x.g.apis.mu.Unlock()
	return x.answerJSON(http.StatusOK, mapping)
}

// deleteMapping removes a mapping.
// https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteBasePathMapping.html
func deleteMapping(x *exchange) error {
	if _, ok := x.g.apis.mapping(x.r); !ok {
		return x.noSuchMapping()
	}
	x.g.apis.mu.Lock()
	delete(x.g.apis.mappings[x.r.PathValue("domain")], x.r.PathValue("base"))
	x.g.apis.mu.Unlock()
	return x.answerJSON(http.StatusAccepted, nil)
}
