package handler

import (
	"net/http"
	"slices"
)

// The headers beyond those that every page may send and read (Fetch standard, "CORS-safelisted").
const (
	allowedHeaders = "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Api-Key"
	exposedHeaders = "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Cache, X-File-Size, X-Request-Id"
	// preflightAge is how long a browser remembers, seconds: Chromium's most.
	preflightAge = "7200"
)

// allowOrigin lets the page that asks read the answer, if its origin is one of those allowed.
func (h *Handler) allowOrigin(r *request, resp *response) {
	if len(h.Origins) == 0 {
		return
	}
	// Caches must not hand one origin's permission to another, nor none to one that has it.
	resp.header.Set("Vary", "Origin")
	origin := r.header.Get("Origin")
	if origin == "" || !slices.Contains(h.Origins, origin) && !slices.Contains(h.Origins, "*") {
		return
	}
	resp.header.Set("Access-Control-Allow-Origin", origin)
	resp.header.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// preflight says whether a browser asks what a page may do with a resource that has these methods.
func (h *Handler) isPreflight(r *request, allowed http.Header) bool {
	return len(h.Origins) > 0 && r.method == http.MethodOptions && allowed.Get("Allow") != ""
}

// permission answers a preflight; allowOrigin says for whom it is.
func preflightResponse(allowed http.Header) *response {
	resp := newResponse(http.StatusNoContent)
	resp.header.Set("Allow", allowed.Get("Allow"))
	resp.header.Set("Access-Control-Allow-Methods", allowed.Get("Allow"))
	resp.header.Set("Access-Control-Allow-Headers", allowedHeaders)
	resp.header.Set("Access-Control-Max-Age", preflightAge)
	return resp
}
