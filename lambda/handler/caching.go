package handler

import (
	"net/http"
	"slices"
	"strings"
)

// unlessChanged has a client ask before it uses what it has: everything here can
// change at any time, and has an entity tag to ask with.
const revalidate = "no-cache"

// keepFromOthers has no shared cache keep what a key guards. A cache keeps every
// answer to a GET that does not say otherwise, and hands it to whoever asks for
// the same address: RFC 9111, 3.5 protects only requests with Authorization, not
// those with X-Api-Key.
func (h *Handler) setPrivateCaching(r *request, resp *response) {
	if h.Public || r.method != http.MethodGet && r.method != http.MethodHead {
		return
	}
	directives := resp.header.Get("Cache-Control")
	if directives == "" {
		directives = revalidate
	}
	resp.header.Set("Cache-Control", h.privateDirectives(directives))
}

// unshared returns the directives without what they allow shared caches.
func (h *Handler) privateDirectives(directives string) string {
	if h.Public || strings.Contains(directives, "no-store") {
		return directives
	}
	return "private, " + directives
}

// What of a stored Cache-Control is kept: directives without a value, and those
// with a number of seconds (RFC 9111, 5.2.2; RFC 5861; RFC 8246). Those for
// shared caches count where everybody may have the file.
var (
	plainDirectives  = []string{"immutable", "must-revalidate", "no-cache", "no-store", "no-transform"}
	timedDirectives  = []string{"max-age", "stale-if-error", "stale-while-revalidate"}
	publicDirectives = []string{"private", "proxy-revalidate", "public"}
)

// cacheControlOf reads a stored Cache-Control and returns what is left of it;
// nothing is left of none.
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
