package apigateway

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// importedResources returns the paths of an imported document from GetResources;
// the emulator has only the root.
// https://docs.aws.amazon.com/apigateway/latest/api/API_GetResources.html
func (s *Service) importedResources(x *call.Exchange) error {
	id := x.Request.PathValue("api")
	body := s.documents.document(id)
	if body == nil {
		return nil
	}
	document, err := parseDocument(body)
	if err != nil {
		return err
	}
	root, err := s.rootResource(x.Request.Context(), id)
	if err != nil {
		return err
	}
	paths, _ := document["paths"].(map[string]any)
	return x.RespondJSON(http.StatusOK, map[string]any{"item": documentResources(id, root, paths)})
}

func (s *Service) rootResource(ctx context.Context, api string) (string, error) {
	var object map[string]any
	if err := s.Emulator.Rest(ctx, "apigateway", http.MethodGet, "/restapis/"+api, nil, &object); err != nil {
		return "", err
	}
	return call.StringMember(object, "rootResourceId"), nil
}

// documentResources returns the resources of the paths and their parents.
func documentResources(api, root string, paths map[string]any) []map[string]any {
	resources := map[string]map[string]any{"/": {"id": root, "path": "/"}}
	for path, item := range paths {
		for at := path; at != "/" && at != ""; {
			parent, pathPart := at[:strings.LastIndex(at, "/")], at[strings.LastIndex(at, "/")+1:]
			if resources[at] == nil {
				resources[at] = map[string]any{"id": resourceID(api, at), "path": at, "pathPart": pathPart}
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
		if method := restapi.MethodName(name); method != "" {
			methods[method] = map[string]any{}
		}
	}
	return methods
}

// resourceID is constant for a path of an API, as on AWS across imports.
func resourceID(api, path string) string {
	sum := sha256.Sum256([]byte(api + path))
	return hex.EncodeToString(sum[:])[:10]
}
