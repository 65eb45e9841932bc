package handler

import (
	"maps"
	"slices"
)

// Routes returns the methods of every resource.
func (h *Handler) Routes() map[string][]string {
	all := map[string][]string{}
	for resource, methods := range h.routes() {
		all[resource] = slices.Sorted(maps.Keys(methods))
	}
	return all
}
