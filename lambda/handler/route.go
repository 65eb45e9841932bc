package handler

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type handle func(*Handler, context.Context, *request) (*response, error)

const itemResource = "/items/{id}"

// filesResource is the resource whose GET and HEAD are streamed.
const filesResource = "/files/{key+}"

// routes are the API's resources, as API Gateway names them, with their methods.
var routes = map[string]map[string]handle{
	"/items": {http.MethodGet: (*Handler).listItems, http.MethodHead: (*Handler).listItems},
	itemResource: {
		http.MethodGet:    (*Handler).getItem,
		http.MethodHead:   (*Handler).getItem,
		http.MethodPut:    (*Handler).putItem,
		http.MethodDelete: (*Handler).deleteItem,
	},
	filesResource: {
		http.MethodGet:  (*Handler).getFile,
		http.MethodHead: (*Handler).headFile,
		http.MethodPost: (*Handler).uploadFile,
	},
	"/health":         {http.MethodGet: (*Handler).health, http.MethodHead: (*Handler).health},
	"/health/details": {http.MethodGet: (*Handler).healthDetails, http.MethodHead: (*Handler).healthDetails},
}

// route returns the function for the request. For an unsupported method it returns nil and the header Allow (RFC 9110,
// 10.2.1).
func (h *Handler) route(r *request) (handle, http.Header) {
	methods, known := routes[r.resource]
	if !known || !strings.Contains(r.resource, "{") && !r.matchesPath() {
		return nil, nil
	}
	if handle, ok := methods[r.method]; ok {
		return handle, nil
	}
	allowed := slices.Collect(maps.Keys(methods))
	if len(h.Origins) > 0 {
		allowed = append(allowed, http.MethodOptions)
	}
	slices.Sort(allowed)
	return nil, http.Header{"Allow": {strings.Join(allowed, ", ")}}
}
