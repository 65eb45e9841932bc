package apigateway

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// rootPath is API Gateway's name for the empty base path.
const rootPath = "(none)"

// basePathMapping maps a base path of a custom domain to a stage.
type basePathMapping struct {
	BasePath  string `json:"basePath"`
	RestAPIID string `json:"restApiId"`
	Stage     string `json:"stage,omitempty"`
}

// cleanDomain adds the status and removes empty members: without
// domainNameStatus AVAILABLE the provider waits for the creation until it times
// out, and an empty mutualTlsAuthentication is read as one of nulls. A regional
// domain has no distribution; its target is
// d-<id>.execute-api.<region>.amazonaws.com.
// https://docs.aws.amazon.com/apigateway/latest/api/API_DomainName.html
func cleanDomain(s *Service, domain map[string]any) {
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
		sum := sha256.Sum256([]byte(call.StringMember(domain, "domainName")))
		domain["regionalDomainName"] = "d-" + hex.EncodeToString(sum[:])[:10] + ".execute-api." + s.Region + ".amazonaws.com"
	}
}

func (s *Service) deleteDomain(x *call.Exchange) error {
	domain := x.Request.PathValue("domain")
	s.documents.mu.Lock()
	delete(s.documents.mappings, domain)
	s.documents.mu.Unlock()
	x.Fields.Delete("/domainnames/" + domain)
	return nil
}

// createMapping stores a base path mapping here: an empty base path is "(none)"
// on AWS, and the emulator stores it under a name that no later call finds.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateBasePathMapping.html
func (s *Service) createMapping(x *call.Exchange) error {
	var mapping basePathMapping
	if err := x.DecodeResponse(&mapping); err != nil {
		return err
	}
	if mapping.BasePath == "" {
		mapping.BasePath = rootPath
	}
	domain := x.Request.PathValue("domain")
	s.documents.mu.Lock()
	defer s.documents.mu.Unlock()
	if _, exists := s.documents.mappings[domain][mapping.BasePath]; exists {
		return x.Reject(http.StatusConflict, "ConflictException", "Base path already exists for this domain name")
	}
	if s.documents.mappings[domain] == nil {
		s.documents.mappings[domain] = map[string]basePathMapping{}
	}
	s.documents.mappings[domain][mapping.BasePath] = mapping
	return x.RespondJSON(http.StatusCreated, mapping)
}

// listMappings returns the domain's stored mappings.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetBasePathMappings.html
func (s *Service) listMappings(x *call.Exchange) error {
	if !x.Succeeded() {
		return nil // the emulator reports that the domain does not exist
	}
	return x.RespondJSON(http.StatusOK, map[string]any{"item": s.documents.mappingsOf(x.Request.PathValue("domain"))})
}

func (a *documents) mappingsOf(domain string) []basePathMapping {
	a.mu.Lock()
	defer a.mu.Unlock()
	mappings := []basePathMapping{}
	for _, path := range slices.Sorted(maps.Keys(a.mappings[domain])) {
		mappings = append(mappings, a.mappings[domain][path])
	}
	return mappings
}

func (a *documents) mapping(r *http.Request) (basePathMapping, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mapping, ok := a.mappings[r.PathValue("domain")][r.PathValue("base")]
	return mapping, ok
}

func noSuchMapping(x *call.Exchange) error {
	return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid base path mapping identifier specified")
}

// getMapping returns one mapping, which may be "(none)".
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetBasePathMapping.html
func (s *Service) getMapping(x *call.Exchange) error {
	mapping, ok := s.documents.mapping(x.Request)
	if !ok {
		return noSuchMapping(x)
	}
	return x.RespondJSON(http.StatusOK, mapping)
}

// updateMapping changes a mapping; the emulator does not support the call.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UpdateBasePathMapping.html
func (s *Service) updateMapping(x *call.Exchange) error {
	mapping, ok := s.documents.mapping(x.Request)
	if !ok {
		return noSuchMapping(x)
	}
	var request struct{ PatchOperations []patchOperation }
	if err := x.DecodeRequest(&request); err != nil {
		return x.Reject(http.StatusBadRequest, "BadRequestException", "Invalid patch request: "+err.Error())
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
	s.documents.mu.Lock()
	delete(s.documents.mappings[x.Request.PathValue("domain")], before)
	s.documents.mappings[x.Request.PathValue("domain")][mapping.BasePath] = mapping
	s.documents.mu.Unlock()
	return x.RespondJSON(http.StatusOK, mapping)
}

// deleteMapping removes a mapping.
// https://docs.aws.amazon.com/apigateway/latest/api/API_DeleteBasePathMapping.html
func (s *Service) deleteMapping(x *call.Exchange) error {
	if _, ok := s.documents.mapping(x.Request); !ok {
		return noSuchMapping(x)
	}
	s.documents.mu.Lock()
	delete(s.documents.mappings[x.Request.PathValue("domain")], x.Request.PathValue("base"))
	s.documents.mu.Unlock()
	return x.RespondJSON(http.StatusAccepted, nil)
}
