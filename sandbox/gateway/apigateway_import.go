package gateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// apis holds what the emulator has no place for: the imported documents, what
// each deployment froze of them, and the base path mappings.
type apis struct {
	mu       sync.Mutex
	imported map[string]*importedAPI
	mappings map[string]map[string]basePathMapping // domain name, base path
}

type importedAPI struct {
	document  []byte            // the OpenAPI document as it is now
	snapshots map[string][]byte // by deployment id
}

func newAPIs() *apis {
	return &apis{imported: map[string]*importedAPI{}, mappings: map[string]map[string]basePathMapping{}}
}

// api is the record of an API, made when missing. The lock must be held.
func (a *apis) api(id string) *importedAPI {
	if a.imported[id] == nil {
		a.imported[id] = &importedAPI{snapshots: map[string][]byte{}}
	}
	return a.imported[id]
}

// document is the API's OpenAPI document as it is now; nil: none was imported.
func (a *apis) document(id string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.document
	}
	return nil
}

// snapshot is the document as a deployment froze it; nil: none.
func (a *apis) snapshot(id, deployment string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.snapshots[deployment]
	}
	return nil
}

// createRestAPI corrects CreateRestApi, and answers ImportRestApi (the same
// path with mode=import), which the emulator takes for a CreateRestApi without
// a name.
// https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
func createRestAPI(x *exchange) error {
	if x.r.URL.Query().Get("mode") != "import" {
		return show(restAPIs)(x)
	}
	return instead(importRestAPI)(x)
}

func importRestAPI(x *exchange) error {
	document, err := parseDocument(x.body)
	if err != nil {
		return x.answerError(http.StatusBadRequest, "BadRequestException", err.Error())
	}
	var made map[string]any
	if x.succeeded() {
		if err := json.Unmarshal(x.answer, &made); err != nil {
			return fmt.Errorf("decode the new API: %w", err)
		}
	} else if err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodPost, "/restapis",
		map[string]any{"name": documentTitle(document)}, &made); err != nil {
		return fmt.Errorf("make the API to import into: %w", err)
	}
	return x.importDocument(text(made, "id"), x.body, document, http.StatusCreated)
}

// putRestAPI imports an OpenAPI document into an API, which the emulator does
// not know (404). The document is kept here; deployments freeze it.
// https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
func putRestAPI(x *exchange) error {
	id := x.r.PathValue("api")
	document, err := parseDocument(x.body)
	if err != nil {
		return x.answerError(http.StatusBadRequest, "BadRequestException", err.Error())
	}
	body := x.body
	if before := x.g.apis.document(id); before != nil && x.r.URL.Query().Get("mode") == "merge" {
		if body, document, err = mergeDocuments(before, document); err != nil {
			return err
		}
	}
	return x.importDocument(id, body, document, http.StatusOK)
}

// importDocument keeps the document and gives the API the members that it
// sets, as the import does on AWS.
func (x *exchange) importDocument(id string, body []byte, document map[string]any, status int) error {
	ctx, path := x.r.Context(), "/restapis/"+id
	operations, touched := documentMembers(document)
	err := x.g.admin.rest(ctx, "apigateway", http.MethodPatch, path, map[string]any{"patchOperations": operations}, nil)
	if notFound(err) {
		return x.answerError(http.StatusNotFound, "NotFoundException", "Invalid API identifier specified "+x.g.config.AccountID+":"+id)
	}
	if err != nil {
		return err
	}
	x.g.fields.set(path, touched)
	x.g.apis.mu.Lock()
	x.g.apis.api(id).document = bytes.Clone(body)
	x.g.apis.mu.Unlock()
	api, err := x.g.get(ctx, restAPIs, x.r, path)
	if err != nil {
		return err
	}
	return x.answerJSON(status, api)
}

func deleteRestAPI(x *exchange) error {
	id := x.r.PathValue("api")
	x.g.apis.mu.Lock()
	delete(x.g.apis.imported, id)
	x.g.apis.mu.Unlock()
	x.g.fields.forget("/restapis/" + id)
	return nil
}
