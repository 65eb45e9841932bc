package apigateway

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// documents holds what the emulator has no place for: the imported documents, what
// each deployment froze of them, and the base path mappings.
type documents struct {
	mu       sync.Mutex
	imported map[string]*importedAPI
	mappings map[string]map[string]basePathMapping // domain name, base path
}

type importedAPI struct {
	document  []byte            // the OpenAPI document as it is now
	snapshots map[string][]byte // by deployment id
}

func newDocuments() *documents {
	return &documents{imported: map[string]*importedAPI{}, mappings: map[string]map[string]basePathMapping{}}
}

// api is the record of an API, made when missing. The lock must be held.
func (a *documents) api(id string) *importedAPI {
	if a.imported[id] == nil {
		a.imported[id] = &importedAPI{snapshots: map[string][]byte{}}
	}
	return a.imported[id]
}

// document is the API's OpenAPI document as it is now; nil: none was imported.
func (a *documents) document(id string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.document
	}
	return nil
}

// snapshot is the document as a deployment froze it; nil: none.
func (a *documents) snapshot(id, deployment string) []byte {
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
func (s *Service) createRestAPI(x *call.Exchange) error {
	if x.Request.URL.Query().Get("mode") != "import" {
		return s.show(restAPIs)(x)
	}
	return call.Instead(s.importRestAPI)(x)
}

func (s *Service) importRestAPI(x *call.Exchange) error {
	document, err := parseDocument(x.Body)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "BadRequestException", err.Error())
	}
	var created map[string]any
	if x.Succeeded() {
		if err := json.Unmarshal(x.Response, &created); err != nil {
			return fmt.Errorf("decode the new API: %w", err)
		}
	} else if err := x.Emulator.Rest(x.Request.Context(), "apigateway", http.MethodPost, "/restapis",
		map[string]any{"name": documentTitle(document)}, &created); err != nil {
		return fmt.Errorf("make the API to import into: %w", err)
	}
	return s.importDocument(x, call.StringMember(created, "id"), x.Body, document, http.StatusCreated)
}

// putRestAPI imports an OpenAPI document into an API, which the emulator does
// not know (404). The document is kept here; deployments freeze it.
// https://docs.aws.amazon.com/apigateway/latest/api/API_PutRestApi.html
func (s *Service) putRestAPI(x *call.Exchange) error {
	id := x.Request.PathValue("api")
	document, err := parseDocument(x.Body)
	if err != nil {
		return x.Reject(http.StatusBadRequest, "BadRequestException", err.Error())
	}
	body := x.Body
	if before := s.documents.document(id); before != nil && x.Request.URL.Query().Get("mode") == "merge" {
		if body, document, err = mergeDocuments(before, document); err != nil {
			return err
		}
	}
	return s.importDocument(x, id, body, document, http.StatusOK)
}

// importDocument keeps the document and gives the API the members that it
// sets, as the import does on AWS.
func (s *Service) importDocument(x *call.Exchange, id string, body []byte, document map[string]any, status int) error {
	ctx, path := x.Request.Context(), "/restapis/"+id
	operations, changed := documentMembers(document)
	err := x.Emulator.Rest(ctx, "apigateway", http.MethodPatch, path, map[string]any{"patchOperations": operations}, nil)
	if emulator.NotFound(err) {
		return x.Reject(http.StatusNotFound, "NotFoundException", "Invalid API identifier specified "+x.AccountID+":"+id)
	}
	if err != nil {
		return err
	}
	x.Fields.Set(path, changed)
	s.documents.mu.Lock()
	s.documents.api(id).document = bytes.Clone(body)
	s.documents.mu.Unlock()
	api, err := s.get(ctx, restAPIs, x.Request, path)
	if err != nil {
		return err
	}
	return x.RespondJSON(status, api)
}

func (s *Service) deleteRestAPI(x *call.Exchange) error {
	id := x.Request.PathValue("api")
	s.documents.mu.Lock()
	delete(s.documents.imported, id)
	s.documents.mu.Unlock()
	x.Fields.Delete("/restapis/" + id)
	return nil
}
