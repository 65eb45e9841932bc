package handler

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type handle func(context.Context, *request) (*response, error)

const itemResource = "/items/{id}"

// filesResource is the one resource whose GET and HEAD are streamed.
const filesResource = "/files/{key+}"

// routes are the resources of the API as API Gateway names them, with their methods.
func (h *Handler) routes() map[string]map[string]handle {
	return map[string]map[string]handle{
		"/items": {http.MethodGet: h.listItems},
		itemResource: {
			http.MethodGet:    h.getItem,
			http.MethodPut:    h.putItem,
			http.MethodDelete: h.deleteItem,
		},
		filesResource: {
			http.MethodGet:  h.getFile,
			http.MethodHead: h.headFile,
			http.MethodPost: h.uploadFile,
		},
		"/health": {http.MethodGet: h.health},
	}
}

// find returns what handles the request; for a method that the resource does
// not have, nil and the header that says which ones it has.
func (h *Handler) find(r *request) (handle, http.Header) {
	methods, known := h.routes()[r.resource]
	if !known {
		return nil, nil
	}
	if handle, ok := methods[r.method]; ok {
		return handle, nil
	}
	allowed := slices.Sorted(maps.Keys(methods))
	return nil, http.Header{"Allow": {strings.Join(allowed, ", ")}}
}
