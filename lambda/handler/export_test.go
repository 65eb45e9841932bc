package handler

import (
	"maps"
	"slices"
)

// Routes returns the methods of every resource.
func (*Handler) Routes() map[string][]string {
	all := map[string][]string{}
	for resource, methods := range routes {
		all[resource] = slices.Sorted(maps.Keys(methods))
	}
	return all
}
