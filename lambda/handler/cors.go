package handler

import (
	"net/http"
	"slices"
)

// Headers beyond the CORS-safelisted ones (Fetch standard).
const (
	allowedHeaders = "Authorization, Content-Type, If-Match, If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, X-Amz-Content-Sha256, X-Amz-Date, X-Amz-Security-Token, X-Api-Key"
	exposedHeaders = "Accept-Ranges, Content-Range, ETag, Location, Retry-After, X-Cache, X-File-Size, X-Request-Id"
	// preflightAge is how long a browser caches a preflight response, in seconds: Chromium's maximum.
	preflightAge = "7200"
)

// allowOrigin sets the CORS headers if the request's origin is allowed.
func (h *Handler) allowOrigin(r *request, resp *response) {
	if len(h.Origins) == 0 {
		return
	}
	// Caches must not serve one origin's headers to another.
	resp.header.Set("Vary", "Origin")
	origin := r.header.Get("Origin")
	if origin == "" || !slices.Contains(h.Origins, origin) && !slices.Contains(h.Origins, "*") {
		return
	}
	resp.header.Set("Access-Control-Allow-Origin", origin)
	resp.header.Set("Access-Control-Expose-Headers", exposedHeaders)
}

// isPreflight reports whether the request is a CORS preflight for a resource with the methods in allowed.
func (h *Handler) isPreflight(r *request, allowed http.Header) bool {
	return len(h.Origins) > 0 && r.method == http.MethodOptions && allowed.Get("Allow") != ""
}

// preflightResponse returns the response to a preflight; allowOrigin adds the origin.
func preflightResponse(allowed http.Header) *response {
	resp := newResponse(http.StatusNoContent)
	resp.header.Set("Allow", allowed.Get("Allow"))
	resp.header.Set("Access-Control-Allow-Methods", allowed.Get("Allow"))
	resp.header.Set("Access-Control-Allow-Headers", allowedHeaders)
	resp.header.Set("Access-Control-Max-Age", preflightAge)
	return resp
}
