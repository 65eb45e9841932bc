package handler

import (
	"net/http"
	"slices"
)

// The headers beyond those that every page may send and read (Fetch standard, "CORS-safelisted").
const (
	askedWith  = "Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Api-Key"
	answerWith = "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Cache, X-File-Size, X-Request-Id"
	// preflightAge is how long a browser remembers, seconds: Chromium's most.
	preflightAge = "7200"
)

// allowOrigin lets the page that asks read the answer, if its origin is one of those allowed.
func (h *Handler) allowOrigin(r *request, answer *response) {
	if len(h.Origins) == 0 {
		return
	}
	// Caches must not hand one origin's permission to another, nor none to one that has it.
	answer.header.Set("Vary", "Origin")
	origin := r.header.Get("Origin")
	if origin == "" || !slices.Contains(h.Origins, origin) && !slices.Contains(h.Origins, "*") {
		return
	}
	answer.header.Set("Access-Control-Allow-Origin", origin)
	answer.header.Set("Access-Control-Expose-Headers", answerWith)
}

// preflight says whether a browser asks what a page may do with a resource that has these methods.
func (h *Handler) preflight(r *request, allowed http.Header) bool {
	return len(h.Origins) > 0 && r.method == http.MethodOptions && allowed.Get("Allow") != ""
}

// permission answers a preflight; allowOrigin says for whom it is.
func permission(allowed http.Header) *response {
	answer := newResponse(http.StatusNoContent)
	answer.header.Set("Allow", allowed.Get("Allow"))
	answer.header.Set("Access-Control-Allow-Methods", allowed.Get("Allow"))
	answer.header.Set("Access-Control-Allow-Headers", askedWith)
	answer.header.Set("Access-Control-Max-Age", preflightAge)
	return answer
}
