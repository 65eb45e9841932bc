package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// kind is a sort of API Gateway resource whose answers are corrected: how its
// remembered members are found, and what is wrong with the emulator's.
type kind struct {
	key   func(r *http.Request, object map[string]any) string
	clean func(g *Gateway, object map[string]any)
	// patched are the members that the emulator itself patches rightly.
	patched []string
	// refuse answers with AWS's error where AWS refuses such an object, and says whether it did.
	refuse func(g *Gateway, x *exchange, object map[string]any) (bool, error)
}

var (
	restAPIs = kind{
		key: keyed("/restapis/", "id"), clean: func(*Gateway, map[string]any) {},
		patched: []string{"name", "description", "policy", "apiKeySource", "version"},
	}
	usagePlans = kind{key: keyed("/usageplans/", "id"), clean: cleanUsagePlan, patched: []string{"name", "description"}, refuse: refusePlan}
	apiKeys    = kind{key: keyed("/apikeys/", "id"), clean: func(*Gateway, map[string]any) {}, patched: []string{"name", "description", "customerId"}}
	domains    = kind{key: keyed("/domainnames/", "domainName"), clean: cleanDomain}
	stages     = kind{
		key: func(r *http.Request, stage map[string]any) string {
			return stageKey(r.PathValue("api"), text(stage, "stageName"))
		},
		clean: cleanStage,
	}
)

func keyed(prefix, id string) func(*http.Request, map[string]any) string {
	return func(_ *http.Request, object map[string]any) string { return prefix + text(object, id) }
}

func stageKey(api, stage string) string { return "/restapis/" + api + "/stages/" + stage }

func (g *Gateway) apigatewayCalls() service {
	return service{name: "apigateway", bounds: apigatewayBounds, quotas: apigatewayDefaults, paths: g.withinAPIGatewayQuotas(g.apigatewayPaths())}
}

func (g *Gateway) apigatewayPaths() map[string]handler {
	return map[string]handler{
		"POST /restapis":                                       createRestAPI,
		"GET /restapis":                                        show(restAPIs),
		"GET /restapis/{api}":                                  show(restAPIs),
		"PATCH /restapis/{api}":                                patch(restAPIs),
		"PUT /restapis/{api}":                                  instead(putRestAPI),
		"DELETE /restapis/{api}":                               after(deleteRestAPI),
		"GET /restapis/{api}/resources":                        after(importedResources),
		"POST /restapis/{api}/deployments":                     after(snapshotDocument),
		"DELETE /restapis/{api}/deployments/{deployment}":      after(deleteDeployment),
		"POST /restapis/{api}/stages":                          bounded(apigatewayBounds["CreateStage"], show(stages)),
		"GET /restapis/{api}/stages":                           show(stages),
		"GET /restapis/{api}/stages/{stage}":                   show(stages),
		"PATCH /restapis/{api}/stages/{stage}":                 updateStage,
		"DELETE /restapis/{api}/stages/{stage}":                after(deleteStage),
		"GET /restapis/{api}/stages/{stage}/exports/{type}":    instead(exportDocument),
		"POST /usageplans":                                     createPlan,
		"GET /usageplans":                                      show(usagePlans),
		"GET /usageplans/{id}":                                 show(usagePlans),
		"PATCH /usageplans/{id}":                               patch(usagePlans),
		"DELETE /usageplans/{id}":                              after(forgetResource),
		"POST /usageplans/{id}/keys":                           createPlanKey,
		"POST /apikeys":                                        instead(createAPIKey),
		"GET /apikeys":                                         show(apiKeys),
		"GET /apikeys/{id}":                                    show(apiKeys),
		"PATCH /apikeys/{id}":                                  patch(apiKeys),
		"DELETE /apikeys/{id}":                                 after(forgetResource),
		"POST /domainnames":                                    show(domains),
		"GET /domainnames":                                     show(domains),
		"GET /domainnames/{domain}":                            show(domains),
		"PATCH /domainnames/{domain}":                          patch(domains),
		"DELETE /domainnames/{domain}":                         after(deleteDomain),
		"POST /domainnames/{domain}/basepathmappings":          after(createMapping),
		"GET /domainnames/{domain}/basepathmappings":           instead(listMappings),
		"GET /domainnames/{domain}/basepathmappings/{base}":    instead(getMapping),
		"PATCH /domainnames/{domain}/basepathmappings/{base}":  instead(updateMapping),
		"DELETE /domainnames/{domain}/basepathmappings/{base}": instead(deleteMapping),
		"PATCH /account":                                       reading(updateAccount),
		"PUT /tags/{arn}":                                      reading(after(tagResource)),
		"DELETE /tags/{arn}":                                   after(untagResource),
	}
}

// show corrects an answer that holds one resource of the kind, or a list.
func show(k kind) handler {
	return after(func(x *exchange) error { return x.correct(k) })
}

func (x *exchange) correct(k kind) error {
	var answer map[string]any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the answer: %w", err)
	}
	items, isList := answer["item"].([]any)
	if !isList {
		items = []any{answer}
	}
	for _, item := range items {
		if object, ok := item.(map[string]any); ok {
			x.g.complete(k, x.r, object)
		}
	}
	return x.answerJSON(x.status, answer)
}

// complete puts the remembered members of a resource in and cleans the rest.
func (g *Gateway) complete(k kind, r *http.Request, object map[string]any) {
	for member, value := range g.fields.get(k.key(r, object)) {
		if _, gone := value.(removed); gone {
			delete(object, member)
			continue
		}
		object[member] = cloneJSON(value)
	}
	k.clean(g, object)
}

// get reads an API Gateway resource as administrator, corrected. The result is
// the caller's to change.
func (g *Gateway) get(ctx context.Context, k kind, r *http.Request, path string) (map[string]any, error) {
	var object, own map[string]any
	if err := g.admin.rest(ctx, "apigateway", http.MethodGet, path, nil, &object); err != nil {
		return nil, err
	}
	g.complete(k, r, object)
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
func patch(k kind) handler {
	return func(x *exchange) error {
		body, err := x.readBody()
		if err != nil {
			return err
		}
		object, missing := x.g.get(x.r.Context(), k, x.r, x.r.URL.EscapedPath())
		if missing != nil && !notFound(missing) {
			return missing
		}
		if err := x.forward(); err != nil || x.denied() || missing != nil {
			return err // a refusal, or the emulator's own word that there is no such resource
		}
		var request struct{ PatchOperations []patchOperation }
		if err := decodeCall(body, &request); err != nil {
			return x.answerError(http.StatusBadRequest, "BadRequestException", "Invalid patch request: "+err.Error())
		}
		touched, err := k.apply(request.PatchOperations, object)
		if err != nil {
			return x.answerError(http.StatusBadRequest, "BadRequestException", err.Error())
		}
		if k.refuse != nil {
			if refused, err := k.refuse(x.g, x, object); refused || err != nil {
				return err
			}
		}
		x.g.fields.set(k.key(x.r, object), touched)
		if object, err = x.g.get(x.r.Context(), k, x.r, x.r.URL.EscapedPath()); err != nil {
			return err
		}
		return x.answerJSON(http.StatusOK, object)
	}
}

// apply changes the object by the operations and gives the members to
// remember: those that the emulator does not patch rightly itself.
func (k kind) apply(operations []patchOperation, object map[string]any) (map[string]any, error) {
	touched := map[string]any{}
	for _, operation := range operations {
		member := operation.tokens()[0]
		if slices.Contains(k.patched, member) {
			continue
		}
		if err := operation.apply(object); err != nil {
			return nil, err
		}
		touched[member] = removed{}
		if value, ok := object[member]; ok {
			touched[member] = value
		}
	}
	return touched, nil
}

// createAPIKey makes a key whose value is empty, for which AWS generates one;
// the emulator refuses it as too short.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateApiKey.html
func createAPIKey(x *exchange) error {
	var request map[string]any
	if err := decodeCall(x.body, &request); err != nil || x.succeeded() || request["value"] != "" {
		return nil // the emulator's answer holds
	}
	delete(request, "value")
	var key map[string]any
	if err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodPost, "/apikeys", request, &key); err != nil {
		return err
	}
	return x.answerJSON(http.StatusCreated, key)
}

func forgetResource(x *exchange) error {
	x.g.fields.forget(strings.TrimSuffix(x.r.URL.Path, "/"))
	return nil
}

// cleanUsagePlan drops throttle and quota when none is set: AWS leaves them
// out, the emulator answers empty ones, which read back as limits of zero.
// https://docs.aws.amazon.com/apigateway/latest/api/API_UsagePlan.html
func cleanUsagePlan(_ *Gateway, plan map[string]any) {
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
