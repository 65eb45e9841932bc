package handler

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type handle func(*Handler, context.Context, *request) (*response, error)

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
