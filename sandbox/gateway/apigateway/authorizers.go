package apigateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// maxAuthorizers is the quota "Authorizers per API".
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
const maxAuthorizers = 10

// documentSecurity has the members of a document that define its authorizers.
type documentSecurity struct {
	Components struct {
		SecuritySchemes map[string]restapi.SecurityScheme `json:"securitySchemes"`
	} `json:"components"`
	Security []map[string][]string                 `json:"security"`
	Paths    map[string]map[string]json.RawMessage `json:"paths"`
}

func parseSecurity(document map[string]any) (documentSecurity, error) {
	var d documentSecurity
	if err := call.Convert(document, &d); err != nil {
		return d, fmt.Errorf("invalid OpenAPI input: %w", err)
	}
	return d, nil
}

// check rejects the authorizers and requirements that an import rejects.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateAuthorizer.html
func (d documentSecurity) check() error {
	var problems []error
	count := 0
	for _, name := range slices.Sorted(maps.Keys(d.Components.SecuritySchemes)) {
		if s := d.Components.SecuritySchemes[name]; s.Authorizer != nil {
			count++
			if err := checkAuthorizer(s); err != nil {
				problems = append(problems, fmt.Errorf("authorizer %s: %w", name, err))
			}
		}
	}
	if count > maxAuthorizers {
		problems = append(problems, fmt.Errorf("%d authorizers, the quota is %d", count, maxAuthorizers))
	}
	return errors.Join(append(problems, d.unknownSchemes())...)
}

// lambdaURI is the form of an authorizer's URI.
var lambdaURI = regexp.MustCompile(`^arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/.+/invocations$`)

func checkAuthorizer(s restapi.SecurityScheme) error {
	a := s.Authorizer
	kind := strings.ToLower(a.Type)
	switch {
	case kind != "token" && kind != "request":
		return fmt.Errorf("invalid authorizer type %q: must be token or request", a.Type)
	case !lambdaURI.MatchString(a.URI):
		return fmt.Errorf("invalid authorizer URI: %q", a.URI)
	case a.Seconds() < 0 || a.Seconds() > restapi.MaxAuthorizerTTL:
		return fmt.Errorf("authorizer result TTL %d must be between 0 and %d", a.Seconds(), restapi.MaxAuthorizerTTL)
	case kind == "request" && a.IdentitySource == "" && a.Seconds() > 0:
		return errors.New("identity source is required for a REQUEST authorizer when caching is enabled")
	case kind == "token" && a.IdentitySource == "" && (s.In != "header" || s.Name == ""):
		return errors.New("a TOKEN authorizer needs a header as its identity source")
	}
	return checkSources(a.IdentitySource, kind)
}

// identitySource is a mapping expression that can be an identity source.
var identitySource = regexp.MustCompile(`^(method\.request\.(header|querystring)\.[^\s,]+|stageVariables\.\w+|context\.[\w.]+)$`)

func checkSources(list, kind string) error {
	if list == "" {
		return nil
	}
	for source := range strings.SplitSeq(list, ",") {
		source = strings.TrimSpace(source)
		if !identitySource.MatchString(source) || kind == "token" && !strings.HasPrefix(source, "method.request.header.") {
			return fmt.Errorf("invalid identity source %q", source)
		}
	}
	return nil
}

// unknownSchemes rejects requirements whose security scheme the document does not define (OpenAPI 3.0.3, "Security
// Requirement Object": the name must be that of a security scheme).
func (d documentSecurity) unknownSchemes() error {
	var problems []error
	check := func(where string, requirements []map[string][]string) {
		for _, requirement := range requirements {
			for name := range requirement {
				if _, ok := d.Components.SecuritySchemes[name]; !ok {
					problems = append(problems, fmt.Errorf("%s: security scheme %q is not defined", where, name))
				}
			}
		}
	}
	check("document", d.Security)
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for method, raw := range d.Paths[path] {
			var operation struct {
				Security []map[string][]string `json:"security"`
			}
			if json.Unmarshal(raw, &operation) == nil { // parameters and others are no operations
				check(path+" "+method, operation.Security)
			}
		}
	}
	return errors.Join(problems...)
}

// authorizerResource returns an authorizer as GetAuthorizer does.
func (d documentSecurity) authorizerResource(apiID, name string) map[string]any {
	s := d.Components.SecuritySchemes[name]
	resource := map[string]any{
		"id": restapi.AuthorizerID(apiID, name), "name": name, "type": strings.ToUpper(s.Authorizer.Type), "authType": s.AuthType,
		"authorizerUri": s.Authorizer.URI, "authorizerResultTtlInSeconds": s.Authorizer.Seconds(),
	}
	for member, value := range map[string]string{
		"identitySource": s.Source(), "identityValidationExpression": s.Authorizer.Validation, "authorizerCredentials": s.Authorizer.Credentials,
	} {
		if value != "" {
			resource[member] = value
		}
	}
	return resource
}

// authorizers returns those of an imported document, or nil without one.
func (s *Service) authorizers(apiID string) ([]map[string]any, error) {
	body := s.documents.document(apiID)
	if body == nil {
		return nil, nil
	}
	document, err := parseDocument(body)
	if err != nil {
		return nil, err
	}
	d, err := parseSecurity(document)
	if err != nil {
		return nil, err
	}
	all := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(d.Components.SecuritySchemes)) {
		if d.Components.SecuritySchemes[name].Authorizer != nil {
			all = append(all, d.authorizerResource(apiID, name))
		}
	}
	return all, nil
}

// listAuthorizers returns the authorizers of an imported document; the emulator has none of them.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetAuthorizers.html
func (s *Service) listAuthorizers(x *call.Exchange) error {
	all, err := s.authorizers(x.Request.PathValue("api"))
	if err != nil || all == nil {
		return err
	}
	return x.RespondJSON(http.StatusOK, map[string]any{"item": all})
}

// flushAuthorizers drops the cached results of the authorizers of a stage; the
// emulator does not support the call.
// https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html
func (s *Service) flushAuthorizers(x *call.Exchange) error {
	api, stage := x.Request.PathValue("api"), x.Request.PathValue("stage")
	if _, err := s.get(x.Request.Context(), stages, x.Request, stageKey(api, stage)); emulator.NotFound(err) {
		return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Stage identifier specified")
	} else if err != nil {
		return err
	}
	s.documents.mu.Lock()
	s.documents.api(api).flushes[stage]++
	s.documents.mu.Unlock()
	return x.RespondJSON(http.StatusAccepted, map[string]any{})
}

// getAuthorizer returns an authorizer of an imported document.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetAuthorizer.html
func (s *Service) getAuthorizer(x *call.Exchange) error {
	all, err := s.authorizers(x.Request.PathValue("api"))
	if err != nil || all == nil {
		return err
	}
	i := slices.IndexFunc(all, func(a map[string]any) bool { return a["id"] == x.Request.PathValue("authorizer") })
	if i < 0 {
		return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid Authorizer identifier specified")
	}
	return x.RespondJSON(http.StatusOK, all[i])
}
