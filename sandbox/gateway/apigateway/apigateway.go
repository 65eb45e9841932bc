// Package apigateway corrects the emulator's API Gateway API and implements restapi.Store for the data plane.
package apigateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// kind is a kind of API Gateway resource whose responses are corrected.
type kind struct {
	// key is the key of a resource in the overlay.
	key func(r *http.Request, object map[string]any) string
	// clean corrects the members that the emulator returns differently from AWS.
	clean func(s *Service, object map[string]any)
	// patched are the members that the emulator patches correctly.
	patched []string
	// reject rejects an object that AWS would reject, and reports whether it did.
	reject func(s *Service, x *call.Exchange, object map[string]any) (bool, error)
}

var (
	restAPIs = kind{
		key: keyed("/restapis/", "id"), clean: func(*Service, map[string]any) {},
		patched: []string{"name", "description", "policy", "apiKeySource", "version"},
	}
	usagePlans = kind{key: keyed("/usageplans/", "id"), clean: cleanUsagePlan, patched: []string{"name", "description"}, reject: rejectInvalidPlan}
	apiKeys    = kind{key: keyed("/apikeys/", "id"), clean: func(*Service, map[string]any) {}, patched: []string{"name", "description", "customerId"}}
	domains    = kind{key: keyed("/domainnames/", "domainName"), clean: cleanDomain}
	stages     = kind{
		key: func(r *http.Request, stage map[string]any) string {
			return stageKey(r.PathValue("api"), call.StringMember(stage, "stageName"))
		},
		clean: cleanStage,
	}
)

func keyed(prefix, id string) func(*http.Request, map[string]any) string {
	return func(_ *http.Request, object map[string]any) string { return prefix + call.StringMember(object, id) }
}

func stageKey(api, stage string) string { return "/restapis/" + api + "/stages/" + stage }

// Service corrects API Gateway.
type Service struct {
	*call.Account
	documents *documents
}

// New creates the service for an account.
func New(a *call.Account) *Service {
	return &Service{Account: a, documents: newDocuments()}
}

// Document returns the imported document of an API, or nil.
func (s *Service) Document(apiID string) []byte { return s.documents.document(apiID) }

// Snapshot returns the document of a deployment, or nil.
func (s *Service) Snapshot(apiID, deployment string) []byte {
	return s.documents.snapshot(apiID, deployment).document
}

// Calls returns the corrected calls of API Gateway.
func (s *Service) Calls() call.Service {
	return call.Service{Name: "apigateway", Bounds: bounds, Quotas: defaultQuotas, Paths: s.withinQuotas(s.paths())}
}

func (s *Service) paths() map[string]call.Handler {
	return map[string]call.Handler{
		"POST /restapis":                                            s.createRestAPI,
		"GET /restapis":                                             s.corrected(restAPIs),
		"GET /restapis/{api}":                                       s.corrected(restAPIs),
		"PATCH /restapis/{api}":                                     s.patch(restAPIs),
		"PUT /restapis/{api}":                                       call.Instead(s.putRestAPI),
		"DELETE /restapis/{api}":                                    call.After(s.deleteRestAPI),
		"GET /restapis/{api}/resources":                             call.After(s.importedResources),
		"GET /restapis/{api}/authorizers":                           call.After(s.listAuthorizers),
		"GET /restapis/{api}/authorizers/{authorizer}":              call.Instead(s.getAuthorizer),
		"GET /restapis/{api}/resources/{resource}/methods/{method}": call.Instead(s.getMethod),
		"POST /restapis/{api}/deployments":                          call.After(s.snapshotDocument),
		"DELETE /restapis/{api}/deployments/{deployment}":           call.After(s.deleteDeployment),
		"POST /restapis/{api}/stages":                               call.Bounded(bounds["CreateStage"], s.corrected(stages)),
		"GET /restapis/{api}/stages":                                s.corrected(stages),
		"GET /restapis/{api}/stages/{stage}":                        s.corrected(stages),
		"PATCH /restapis/{api}/stages/{stage}":                      s.updateStage,
		"DELETE /restapis/{api}/stages/{stage}":                     call.After(deleteStage),
		"GET /restapis/{api}/stages/{stage}/exports/{type}":         call.Instead(s.exportDocument),
		"DELETE /restapis/{api}/stages/{stage}/cache/authorizers":   call.Instead(s.flushAuthorizers),
		"POST /usageplans":                                          s.createPlan,
		"GET /usageplans":                                           s.corrected(usagePlans),
		"GET /usageplans/{id}":                                      s.corrected(usagePlans),
		"PATCH /usageplans/{id}":                                    s.patch(usagePlans),
		"DELETE /usageplans/{id}":                                   call.After(resourceDeleted),
		"POST /usageplans/{id}/keys":                                s.createPlanKey,
		"POST /apikeys":                                             call.Instead(createAPIKey),
		"GET /apikeys":                                              s.corrected(apiKeys),
		"GET /apikeys/{id}":                                         s.corrected(apiKeys),
		"PATCH /apikeys/{id}":                                       s.patch(apiKeys),
		"DELETE /apikeys/{id}":                                      call.After(resourceDeleted),
		"POST /domainnames":                                         s.corrected(domains),
		"GET /domainnames":                                          s.corrected(domains),
		"GET /domainnames/{domain}":                                 s.corrected(domains),
		"PATCH /domainnames/{domain}":                               s.patch(domains),
		"DELETE /domainnames/{domain}":                              call.After(s.deleteDomain),
		"POST /domainnames/{domain}/basepathmappings":               call.After(s.createMapping),
		"GET /domainnames/{domain}/basepathmappings":                call.Instead(s.listMappings),
		"GET /domainnames/{domain}/basepathmappings/{base}":         call.Instead(s.getMapping),
		"PATCH /domainnames/{domain}/basepathmappings/{base}":       call.Instead(s.updateMapping),
		"DELETE /domainnames/{domain}/basepathmappings/{base}":      call.Instead(s.deleteMapping),
		"PATCH /account":                                            call.WithBody(s.updateAccount),
		"PUT /tags/{arn}":                                           call.WithBody(call.After(tagResource)),
		"DELETE /tags/{arn}":                                        call.After(untagResource),
	}
}

// corrected forwards a call and corrects its response, which is a resource of the kind or a list.
func (s *Service) corrected(k kind) call.Handler {
	return call.After(func(x *call.Exchange) error { return s.correct(x, k) })
}

func (s *Service) correct(x *call.Exchange, k kind) error {
	var response map[string]any
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	items, isList := response["item"].([]any)
	if !isList {
		items = []any{response}
	}
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			s.fill(k, x.Request, object)
		}
	}
	return x.RespondJSON(x.Status, response)
}

// fill adds the stored members of a resource and cleans the others.
func (s *Service) fill(k kind, r *http.Request, object map[string]any) {
	for member, value := range s.Fields.Get(k.key(r, object)) {
		if _, removed := value.(emulator.Removed); removed {
			delete(object, member)
			continue
		}
		object[member] = call.CloneJSON(value)
	}
	k.clean(s, object)
}

// get reads a resource as administrator and corrects it. The caller may change
// the result.
func (s *Service) get(ctx context.Context, k kind, r *http.Request, path string) (map[string]any, error) {
	var object, result map[string]any
	if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, path, nil, &object); err != nil {
		return nil, err
	}
	s.fill(k, r, object)
	copied, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", path, err)
	}
	return result, json.Unmarshal(copied, &result)
}

// patch applies the patch operations of an Update call as AWS does. The emulator
// changes lists to objects and numbers to strings, and does not support the call
// for domain names. The resource is read before the call is forwarded, and the
// members that the operations change are stored in the overlay.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
func (s *Service) patch(k kind) call.Handler {
	return func(x *call.Exchange) error {
		if _, err := x.ReadBody(); err != nil {
			return err
		}
		object, missing := s.get(x.Request.Context(), k, x.Request, x.Request.URL.EscapedPath())
		if missing != nil && !emulator.NotFound(missing) {
			return missing
		}
		if err := x.Forward(); err != nil || x.Denied() || missing != nil {
			return err // access is denied, or the emulator reports that the resource does not exist
		}
		var request struct{ PatchOperations []patchOperation }
		if err := x.DecodeRequest(&request); err != nil {
			return x.Reject(http.StatusBadRequest, "BadRequestException", "Invalid patch request: "+err.Error())
		}
		changed, err := k.apply(request.PatchOperations, object)
		if err != nil {
			return x.Reject(http.StatusBadRequest, "BadRequestException", err.Error())
		}
		if k.reject != nil {
			if rejected, err := k.reject(s, x, object); rejected || err != nil {
				return err
			}
		}
		x.Fields.Set(k.key(x.Request, object), changed)
		if object, err = s.get(x.Request.Context(), k, x.Request, x.Request.URL.EscapedPath()); err != nil {
			return err
		}
		return x.RespondJSON(http.StatusOK, object)
	}
}

// apply applies the operations to the object and returns the members to store,
// which are those that the emulator does not patch correctly.
func (k kind) apply(operations []patchOperation, object map[string]any) (map[string]any, error) {
	changed := map[string]any{}
	for _, operation := range operations {
		member := operation.tokens()[0]
		if slices.Contains(k.patched, member) {
			continue
		}
		if err := operation.apply(object); err != nil {
			return nil, err
		}
		changed[member] = emulator.Removed{}
		if value, ok := object[member]; ok {
			changed[member] = value
		}
	}
	return changed, nil
}

// createAPIKey creates a key with an empty value, for which AWS generates one;
// the emulator rejects it as too short.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
func createAPIKey(x *call.Exchange) error {
	var request map[string]any
	if err := x.DecodeRequest(&request); err != nil || x.Succeeded() || request["value"] != "" {
		return nil // the emulator's response is correct
	}
	delete(request, "value")
	var key map[string]any
	if err := x.Emulator.Rest(x.Request.Context(), "apigateway", http.MethodPost, "/apikeys", request, &key); err != nil {
		return err
	}
	return x.RespondJSON(http.StatusCreated, key)
}

func resourceDeleted(x *call.Exchange) error {
	x.Fields.Delete(strings.TrimSuffix(x.Request.URL.Path, "/"))
	return nil
}

// cleanUsagePlan removes an empty throttle and quota: AWS omits them, and the
// provider reads the emulator's as limits of zero.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UsagePlan.html
func cleanUsagePlan(s *Service, plan map[string]any) {
	dropEmpty(plan, "throttle", "quota")
	apiStages, _ := plan["apiStages"].([]any)
	for _, item := range apiStages {
		if stage, ok := item.(map[string]any); ok {
			dropEmpty(stage, "throttle")
		}
	}
}

// dropEmpty removes members that are empty objects or objects of zeros.
func dropEmpty(object map[string]any, members ...string) {
	for _, member := range members {
		value, ok := object[member].(map[string]any)
		if !ok {
			if object[member] == nil {
				delete(object, member)
			}
			continue
		}
		empty := true
		for _, v := range value {
			if v != nil && v != "" && v != float64(0) && v != false {
				empty = false
			}
		}
		if empty {
			delete(object, member)
		}
	}
}
