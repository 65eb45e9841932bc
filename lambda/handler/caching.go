package handler

import (
	"net/http"
	"slices"
	"strings"
)

// revalidate makes a client revalidate its copy before each use: every resource can change at any time, and
// has an entity tag to revalidate with.
const revalidate = "no-cache"

// setPrivateCaching keeps shared caches from storing a response that needs an API key. A cache stores every
// response to a GET unless told otherwise, and serves it to any client: RFC 9111, 3.5 only protects requests
// with Authorization, not those with X-Api-Key. The contract needs none.
func (h *Handler) setPrivateCaching(r *request, resp *response) {
	if h.Public || r.resource == contractResource || r.method != http.MethodGet && r.method != http.MethodHead {
		return
	}
	directives := resp.header.Get("Cache-Control")
	if directives == "" {
		directives = revalidate
	}
	resp.header.Set("Cache-Control", h.privateDirectives(directives))
}

// privateDirectives returns the directives with "private", unless the API is public.
func (h *Handler) privateDirectives(directives string) string {
	if h.Public || strings.Contains(directives, "no-store") {
		return directives
	}
	return "private, " + directives
}

// The directives of a stored Cache-Control that are sent: those without a value, and those with a number of
// seconds (RFC 9111, 5.2.2; RFC 5861; RFC 8246). Those for shared caches are sent if the API is public.
var (
	plainDirectives  = []string{"immutable", "must-revalidate", "no-cache", "no-store", "no-transform"}
	timedDirectives  = []string{"max-age", "stale-if-error", "stale-while-revalidate"}
	publicDirectives = []string{"private", "proxy-revalidate", "public"}
)

// safeCacheControl returns the known directives of a stored Cache-Control, or revalidate if there are none.
func safeCacheControl(stored string, public bool) string {
	var kept, names []string
	for directive := range elements(stored) {
		name, value, _ := strings.Cut(strings.ToLower(directive), "=")
		if name = strings.TrimSpace(name); slices.Contains(names, name) {
			continue // RFC 9111, 4.2.1: the first counts, with or without a valid number
		}
		names = append(names, name)
		switch {
		case slices.Contains(plainDirectives, name), public && slices.Contains(publicDirectives, name):
			kept = append(kept, name)
		case slices.Contains(timedDirectives, name), public && name == "s-maxage":
			if value == "" || len(value) > 10 || strings.Trim(value, "0123456789") != "" {
				continue
			}
			kept = append(kept, name+"="+value)
		}
	}
	if len(kept) == 0 {
		return revalidate
	}
	return strings.Join(kept, ", ")
}
