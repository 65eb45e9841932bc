package gateway

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
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

// imported is the record of an API, made when missing. The lock must be held.
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

// documentMembers are the members of an API that a document sets: those that
// the emulator patches rightly, as operations, and the others to remember.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
func documentMembers(document map[string]any) ([]patchOperation, map[string]any) {
	var operations []patchOperation
	replace := func(member, value string) {
		if value != "" {
			operations = append(operations, patchOperation{Op: "replace", Path: "/" + member, Value: value})
		}
	}
	info, _ := document["info"].(map[string]any)
	replace("name", text(info, "title"))
	replace("description", text(info, "description"))
	replace("version", fmt.Sprint(info["version"]))
	replace("apiKeySource", text(document, "x-amazon-apigateway-api-key-source"))
	if policy, ok := document["x-amazon-apigateway-policy"]; ok {
		if encoded, err := json.Marshal(policy); err == nil {
			replace("policy", string(encoded))
		}
	}
	touched := map[string]any{}
	for extension, member := range map[string]string{
		"x-amazon-apigateway-binary-media-types":       "binaryMediaTypes",
		"x-amazon-apigateway-minimum-compression-size": "minimumCompressionSize",
	} {
		if value, ok := document[extension]; ok {
			touched[member] = value
		}
	}
	return operations, touched
}

// parseDocument reads an OpenAPI document in JSON or YAML.
func parseDocument(body []byte) (map[string]any, error) {
	var document map[string]any
	if err := yaml.Unmarshal(body, &document); err != nil {
		return nil, fmt.Errorf("invalid OpenAPI input: %w", err)
	}
	if document["openapi"] == nil && document["swagger"] == nil {
		return nil, fmt.Errorf("invalid OpenAPI input: the document names neither an openapi nor a swagger version")
	}
	if _, ok := document["paths"].(map[string]any); !ok {
		return nil, fmt.Errorf("invalid OpenAPI input: the document has no paths")
	}
	return document, nil
}

func documentTitle(document map[string]any) string {
	info, _ := document["info"].(map[string]any)
	return text(info, "title")
}

// mergeDocuments lays a document over the one before it, as mode=merge does.
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

func deleteRestAPI(x *exchange) error {
	id := x.r.PathValue("api")
	x.g.apis.mu.Lock()
	delete(x.g.apis.imported, id)
	x.g.apis.mu.Unlock()
	x.g.fields.forget("/restapis/" + id)
	return nil
}

// snapshotDocument freezes the document with a new deployment: a stage serves
// what was there when its deployment was made, not what is there now.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDeployment.html
func snapshotDocument(x *exchange) error {
	var deployment map[string]any
	if err := json.Unmarshal(x.answer, &deployment); err != nil {
		return fmt.Errorf("decode the deployment: %w", err)
	}
	x.g.apis.mu.Lock()
	defer x.g.apis.mu.Unlock()
	api := x.g.apis.api(x.r.PathValue("api"))
	if api.document != nil {
		api.snapshots[text(deployment, "id")] = api.document
	}
	return nil
}

func deleteDeployment(x *exchange) error {
	x.g.apis.mu.Lock()
	defer x.g.apis.mu.Unlock()
	delete(x.g.apis.api(x.r.PathValue("api")).snapshots, x.r.PathValue("deployment"))
	return nil
}

func deleteStage(x *exchange) error {
	x.g.fields.forget(stageKey(x.r.PathValue("api"), x.r.PathValue("stage")))
	return nil
}

// exportDocument answers GetExport of an imported API with the document that
// the stage's deployment froze; the emulator writes one of its own resources,
// which an import does not fill.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetExport.html
func exportDocument(x *exchange) error {
	if !x.succeeded() {
		return nil
	}
	var stage map[string]any
	path := stageKey(x.r.PathValue("api"), x.r.PathValue("stage"))
	if err := x.g.admin.rest(x.r.Context(), "apigateway", http.MethodGet, path, nil, &stage); err != nil {
		return err
	}
	document := x.g.apis.snapshot(x.r.PathValue("api"), text(stage, "deploymentId"))
	if document == nil {
		return nil
	}
	x.answer = document
	return nil
}

// importedResources adds the paths of an imported document to GetResources;
// the emulator has only the root.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
func importedResources(x *exchange) error {
	id := x.r.PathValue("api")
	body := x.g.apis.document(id)
	if body == nil {
		return nil
	}
	document, err := parseDocument(body)
	if err != nil {
		return err
	}
	root, err := x.g.rootResource(x.r.Context(), id)
	if err != nil {
		return err
	}
	paths, _ := document["paths"].(map[string]any)
	return x.answerJSON(http.StatusOK, map[string]any{"item": documentResources(id, root, paths)})
}

func (g *Gateway) rootResource(ctx context.Context, api string) (string, error) {
	var object map[string]any
	if err := g.admin.rest(ctx, "apigateway", http.MethodGet, "/restapis/"+api, nil, &object); err != nil {
		return "", err
	}
	return text(object, "rootResourceId"), nil
}

// documentResources are the resources that the paths make, parents included.
func documentResources(api, root string, paths map[string]any) []map[string]any {
	resources := map[string]map[string]any{"/": {"id": root, "path": "/"}}
	for path, item := range paths {
		for at := path; at != "/" && at != ""; {
			parent, part := at[:strings.LastIndex(at, "/")], at[strings.LastIndex(at, "/")+1:]
			if resources[at] == nil {
				resources[at] = map[string]any{"id": resourceID(api, at), "path": at, "pathPart": part}
			}
			resources[at]["parentId"] = resourceID(api, parent)
			if parent == "" {
				resources[at]["parentId"] = root
			}
			at = parent
		}
		if methods := documentMethods(item); len(methods) > 0 && resources[path] != nil {
			resources[path]["resourceMethods"] = methods
		}
	}
	sorted := make([]map[string]any, 0, len(resources))
	for _, path := range slices.Sorted(maps.Keys(resources)) {
		sorted = append(sorted, resources[path])
	}
	return sorted
}

func documentMethods(item any) map[string]any {
	operations, _ := item.(map[string]any)
	methods := map[string]any{}
	for name := range operations {
		switch name {
		case "get", "put", "post", "delete", "patch", "head", "options":
			methods[strings.ToUpper(name)] = map[string]any{}
		case "x-amazon-apigateway-any-method":
			methods["ANY"] = map[string]any{}
		}
	}
	return methods
}

// resourceID is stable for a path of an API, as on AWS between imports of the
// same path.
func resourceID(api, path string) string {
	sum := sha256.Sum256([]byte(api + path))
	return hex.EncodeToString(sum[:])[:10]
}
