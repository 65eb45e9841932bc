// Package apigateway corrects API Gateway, and answers what the data plane asks of it (restapi.Store).
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

// kind is a sort of API Gateway resource whose answers are corrected: how its
// remembered members are found, and what is wrong with the emulator's.
type kind struct {
	key   func(r *http.Request, object map[string]any) string
	clean func(s *Service, object map[string]any)
	// patched are the members that the emulator itself patches rightly.
	patched []string
	// refuse answers with AWS's error where AWS refuses such an object, and says whether it did.
	refuse func(s *Service, x *call.Exchange, object map[string]any) (bool, error)
}

var (
	restAPIs = kind{
		key: keyed("/restapis/", "id"), clean: func(*Service, map[string]any) {},
		patched: []string{"name", "description", "policy", "apiKeySource", "version"},
	}
	usagePlans = kind{key: keyed("/usageplans/", "id"), clean: cleanUsagePlan, patched: []string{"name", "description"}, refuse: rejectInvalidPlan}
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

// Service is API Gateway as the gateway corrects it.
type Service struct {
	*call.Account
	documents *documents
}

// New makes the service for an account.
func New(a *call.Account) *Service {
	return &Service{Account: a, documents: newDocuments()}
}

// Document is the document that an API has imported; nil: none.
func (s *Service) Document(apiID string) []byte { return s.documents.document(apiID) }

// Snapshot is the document that a deployment has frozen; nil: none.
func (s *Service) Snapshot(apiID, deployment string) []byte {
	return s.documents.snapshot(apiID, deployment)
}

// Calls describes the service.
func (s *Service) Calls() call.Service {
	return call.Service{Name: "apigateway", Bounds: bounds, Quotas: defaultQuotas, Paths: s.withinQuotas(s.paths())}
}

func (s *Service) paths() map[string]call.Handler {
	return map[string]call.Handler{
		"POST /restapis":                                       s.createRestAPI,
		"GET /restapis":                                        s.show(restAPIs),
		"GET /restapis/{api}":                                  s.show(restAPIs),
		"PATCH /restapis/{api}":                                s.patch(restAPIs),
		"PUT /restapis/{api}":                                  call.Instead(s.putRestAPI),
		"DELETE /restapis/{api}":                               call.After(s.deleteRestAPI),
		"GET /restapis/{api}/resources":                        call.After(s.importedResources),
		"POST /restapis/{api}/deployments":                     call.After(s.snapshotDocument),
		"DELETE /restapis/{api}/deployments/{deployment}":      call.After(s.deleteDeployment),
		"POST /restapis/{api}/stages":                          call.Bounded(bounds["CreateStage"], s.show(stages)),
		"GET /restapis/{api}/stages":                           s.show(stages),
		"GET /restapis/{api}/stages/{stage}":                   s.show(stages),
		"PATCH /restapis/{api}/stages/{stage}":                 s.updateStage,
		"DELETE /restapis/{api}/stages/{stage}":                call.After(deleteStage),
		"GET /restapis/{api}/stages/{stage}/exports/{type}":    call.Instead(s.exportDocument),
		"POST /usageplans":                                     s.createPlan,
		"GET /usageplans":                                      s.show(usagePlans),
		"GET /usageplans/{id}":                                 s.show(usagePlans),
		"PATCH /usageplans/{id}":                               s.patch(usagePlans),
		"DELETE /usageplans/{id}":                              call.After(resourceDeleted),
		"POST /usageplans/{id}/keys":                           s.createPlanKey,
		"POST /apikeys":                                        call.Instead(createAPIKey),
		"GET /apikeys":                                         s.show(apiKeys),
		"GET /apikeys/{id}":                                    s.show(apiKeys),
		"PATCH /apikeys/{id}":                                  s.patch(apiKeys),
		"DELETE /apikeys/{id}":                                 call.After(resourceDeleted),
		"POST /domainnames":                                    s.show(domains),
		"GET /domainnames":                                     s.show(domains),
		"GET /domainnames/{domain}":                            s.show(domains),
		"PATCH /domainnames/{domain}":                          s.patch(domains),
		"DELETE /domainnames/{domain}":                         call.After(s.deleteDomain),
		"POST /domainnames/{domain}/basepathmappings":          call.After(s.createMapping),
		"GET /domainnames/{domain}/basepathmappings":           call.Instead(s.listMappings),
		"GET /domainnames/{domain}/basepathmappings/{base}":    call.Instead(s.getMapping),
		"PATCH /domainnames/{domain}/basepathmappings/{base}":  call.Instead(s.updateMapping),
		"DELETE /domainnames/{domain}/basepathmappings/{base}": call.Instead(s.deleteMapping),
		"PATCH /account":                                       call.WithBody(s.updateAccount),
		"PUT /tags/{arn}":                                      call.WithBody(call.After(tagResource)),
		"DELETE /tags/{arn}":                                   call.After(untagResource),
	}
}

// show corrects an answer that holds one resource of the kind, or a list.
func (s *Service) show(k kind) call.Handler {
	return call.After(func(x *call.Exchange) error { return s.correct(x, k) })
}

func (s *Service) correct(x *call.Exchange, k kind) error {
	var response map[string]any
	if err := json.Unmarshal(x.Response, &response); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	items, isList := response["item"].([]any)
	if !isList {
		items = []any{response}
	}
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			s.complete(k, x.Request, object)
		}
	}
	return x.RespondJSON(x.Status, response)
}

// complete puts the remembered members of a resource in and cleans the rest.
func (s *Service) complete(k kind, r *http.Request, object map[string]any) {
	for member, value := range s.Fields.Get(k.key(r, object)) {
		if _, gone := value.(emulator.Removed); gone {
			delete(object, member)
			continue
		}
		object[member] = call.CloneJSON(value)
	}
	k.clean(s, object)
}

// get reads an API Gateway resource as administrator, corrected. The result is
// the caller's to change.
func (s *Service) get(ctx context.Context, k kind, r *http.Request, path string) (map[string]any, error) {
	var object, own map[string]any
	if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, path, nil, &object); err != nil {
		return nil, err
	}
	s.complete(k, r, object)
	copied, err := json.Marshal(object)
	if err != nil {
		return nil, fmt.Errorf("copy %s: %w", path, err)
	}
	return own, json.Unmarshal(copied, &own)
}

// patch applies an Update call's patch operations as AWS does. The emulator
// turns lists into objects and numbers into strings, and does not know the
// call for domain names at all. The resource is read before the emulator sees
// the call, and what the operations touch is answered from memory ever after.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
func (s *Service) patch(k kind) call.Handler {
	return func(x *call.Exchange) error {
		body, err := x.ReadBody()
		if err != nil {
			return err
		}
		object, missing := s.get(x.Request.Context(), k, x.Request, x.Request.URL.EscapedPath())
		if missing != nil && !emulator.NotFound(missing) {
			return missing
		}
		if err := x.Forward(); err != nil || x.Denied() || missing != nil {
			return err // a refusal, or the emulator's own word that there is no such resource
		}
		var request struct{ PatchOperations []patchOperation }
		if err := call.Decode(body, &request); err != nil {
			return x.Reject(http.StatusBadRequest, "BadRequestException", "Invalid patch request: "+err.Error())
		}
		changed, err := k.apply(request.PatchOperations, object)
		if err != nil {
			return x.Reject(http.StatusBadRequest, "BadRequestException", err.Error())
		}
		if k.refuse != nil {
			if refused, err := k.refuse(s, x, object); refused || err != nil {
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

// apply changes the object by the operations and gives the members to
// remember: those that the emulator does not patch rightly itself.
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

// createAPIKey makes a key whose value is empty, for which AWS generates one;
// the emulator refuses it as too short.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
func createAPIKey(x *call.Exchange) error {
	var request map[string]any
	if err := call.Decode(x.Body, &request); err != nil || x.Succeeded() || request["value"] != "" {
		return nil // the emulator's answer holds
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

// cleanUsagePlan drops throttle and quota when none is set: AWS leaves them
// out, the emulator answers empty ones, which read back as limits of zero.
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
