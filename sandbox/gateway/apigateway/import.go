package apigateway

import (
	"bytes"
	"fmt"
	"net/http"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// documents holds what the emulator does not store: imported documents, their
// snapshots by deployment, and base path mappings.
type documents struct {
	mu       sync.Mutex
	imported map[string]*importedAPI
	mappings map[string]map[string]basePathMapping // domain name, base path
}

type importedAPI struct {
	document  []byte              // the current OpenAPI document
	snapshots map[string]snapshot // by deployment ID
	flushes   map[string]int      // of the authorizers' cached results, by stage
}

// snapshot has what a deployment copies of an API.
type snapshot struct {
	document []byte
	policy   string // the API's resource policy, or empty
}

func newDocuments() *documents {
	return &documents{imported: map[string]*importedAPI{}, mappings: map[string]map[string]basePathMapping{}}
}

// api returns the record of an API, which it creates if needed. The lock must be held.
func (a *documents) api(id string) *importedAPI {
	if a.imported[id] == nil {
		a.imported[id] = &importedAPI{snapshots: map[string]snapshot{}, flushes: map[string]int{}}
	}
	return a.imported[id]
}

// document returns the current OpenAPI document of an API, or nil if none was imported.
func (a *documents) document(id string) []byte {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.document
	}
	return nil
}

// snapshot returns what a deployment has copied, without a document if the API was not imported.
func (a *documents) snapshot(id, deployment string) snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.snapshots[deployment]
	}
	return snapshot{}
}

// flushesOf returns how often the authorizers' cached results of a stage were dropped.
func (a *documents) flushesOf(id, stage string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if api := a.imported[id]; api != nil {
		return api.flushes[stage]
	}
	return 0
}

// createRestAPI corrects CreateRestApi and implements ImportRestApi (the same path
// with mode=import), which the emulator executes as CreateRestApi without a name.
// https://docs.aws.amazon.com/apigateway/latest/api/API_ImportRestApi.html
func (s *Service) createRestAPI(x *call.Exchange) error {
	if x.Request.URL.Query().Get("mode") != "import" {
		return s.corrected(restAPIs)(x)
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
		if err := x.DecodeResponse(&created); err != nil {
			return err
		}
	} else if err := x.Emulator.Rest(x.Request.Context(), "apigateway", http.MethodPost, "/restapis",
		map[string]any{"name": documentTitle(document)}, &created); err != nil {
		return fmt.Errorf("create the API to import into: %w", err)
	}
	return s.importDocument(x, call.StringMember(created, "id"), x.Body, document, http.StatusCreated)
}

// putRestAPI imports an OpenAPI document into an API, a call that the emulator
// does not support (404). The document is stored here; deployments copy it.
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

// importDocument stores the document and sets the members of the API that the
// document sets on AWS.
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
