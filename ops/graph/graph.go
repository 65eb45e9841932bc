// Package graph reads the resources of a stack, deployed (`pulumi stack export`) or previewed
// (`pulumi preview --json --show-sames`), into one form, with the queries that several commands share.
package graph

import (
	"fmt"
	"slices"
	"strings"
)

// Placeholders in Inputs and Outputs for values that are not shown.
const (
	// Secret is a value that Pulumi keeps encrypted.
	Secret = "[secret]"
	// Unknown is a value that is not known before the update: the engine's own placeholder.
	Unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
)

// Resource is one resource of a stack. Values are as encoding/json decodes them into any.
type Resource struct {
	URN, Type, Name, Parent, ID string
	// Custom is false for components.
	Custom, Protect, RetainOnDelete bool
	// Loosened are protect and retainOnDelete where a preview removes them; the engine reports such a resource as same.
	Loosened []string
	// Op is the preview's operation: create, update, replace, delete, same, read or import; "" in a state.
	Op string
	// Replaces are the properties that force a replacement, Diffs all that differ.
	Replaces, Diffs []string
	Inputs, Outputs map[string]any
	// Before are the inputs before the update; nil for a new resource, and in a state.
	Before       map[string]any
	Dependencies []string
	// PropertyDependencies are, by input, the URNs of the resources that its value depends on.
	PropertyDependencies map[string][]string
}

// Drift is a difference between the account and the state, as a preview that refreshes first reports it.
type Drift struct {
	URN string
	// Gone: the resource no longer exists in the account.
	Gone bool
	// Unfinished: the resource's last update failed. The state's outputs then have the values of that update, and the
	// account may not.
	Unfinished bool
	// Paths are the properties that differ and that the update changes, Stored the inputs in the state.
	Paths  []string
	Stored map[string]any
}

// Graph is a stack: its resources in the order in which they were registered.
type Graph struct {
	Project, Stack string
	Resources      []Resource
	// Drifts are those that a preview's refresh found; none in a state and without a refresh.
	Drifts []Drift
}

// ByType are the resources of a type, such as "aws:rds/cluster:Cluster".
func (g *Graph) ByType(token string) []*Resource {
	return g.where(func(r *Resource) bool { return r.Type == token })
}

// copiesProvider ends the name of the provider of the region of the copies.
const copiesProvider = "-copies"

// Region is the region of the stack's provider; empty where none has one. The copies have a provider of their own.
func (g *Graph) Region() string { return g.region(false) }

// CopiesRegion is the region of the copies; empty without copies.
func (g *Graph) CopiesRegion() string { return g.region(true) }

func (g *Graph) region(copies bool) string {
	for _, provider := range g.ByType("pulumi:providers:aws") {
		region := provider.Text("region")
		if provider.Op != "delete" && region != "" && region != Unknown && strings.HasSuffix(provider.Name, copiesProvider) == copies {
			return region
		}
	}
	return ""
}

// Find is the resource with that URN, or nil.
func (g *Graph) Find(urn string) *Resource {
	for i := range g.Resources {
		if g.Resources[i].URN == urn {
			return &g.Resources[i]
		}
	}
	return nil
}

func (g *Graph) where(is func(*Resource) bool) []*Resource {
	var found []*Resource
	for i := range g.Resources {
		if is(&g.Resources[i]) {
			found = append(found, &g.Resources[i])
		}
	}
	return found
}

// Value returns the value at a path of object keys in the inputs, or else in the outputs, which have the provider's
// defaults. It is nil where there is none.
func (r *Resource) Value(path ...string) any {
	if v := at(r.Inputs, path); v != nil {
		return v
	}
	return at(r.Outputs, path)
}

func at(object map[string]any, path []string) any {
	var v any = object
	for _, key := range path {
		// A block that may occur once is a list of one in some providers' schemas.
		if list, ok := v.([]any); ok && len(list) == 1 {
			v = list[0]
		}
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[key]
	}
	return v
}

// Text is Value where that is a string, else "".
func (r *Resource) Text(path ...string) string {
	s, _ := r.Value(path...).(string)
	return s
}

// Number is Value where that is a number, else 0.
func (r *Resource) Number(path ...string) float64 {
	n, _ := r.Value(path...).(float64)
	return n
}

// Texts is Value where that is a list of strings or one string, else nil.
func (r *Resource) Texts(path ...string) []string {
	switch v := r.Value(path...).(type) {
	case string, []any:
		return texts(v)
	}
	return nil
}

// True reports whether Value is true.
func (r *Resource) True(path ...string) bool {
	return r.Value(path...) == true
}

// Refs are the resources that an input refers to: by id, ARN or name where the value is known, else by the input's
// dependencies.
func (g *Graph) Refs(r *Resource, input string) []*Resource {
	values := texts(r.Inputs[input])
	if len(values) == 0 {
		return nil
	}
	if !slices.Contains(values, Unknown) {
		found := g.where(func(o *Resource) bool { return o.Custom && o.URN != r.URN && o.isNamed(values) })
		if len(found) > 0 {
			return found
		}
	}
	return g.where(func(o *Resource) bool { return slices.Contains(r.PropertyDependencies[input], o.URN) })
}

// RefsTo are those of Refs with a type.
func (g *Graph) RefsTo(r *Resource, input, token string) []*Resource {
	return slices.DeleteFunc(g.Refs(r, input), func(o *Resource) bool { return o.Type != token })
}

// isNamed reports whether one of the strings is the resource's id, ARN or name.
func (r *Resource) isNamed(values []string) bool {
	return slices.ContainsFunc([]string{r.ID, r.output("arn"), r.output("name")}, func(own string) bool {
		return own != "" && own != Unknown && slices.Contains(values, own)
	})
}

func (r *Resource) output(key string) string {
	s, _ := r.Outputs[key].(string)
	return s
}

// texts are all strings in a value, at any depth.
func texts(v any) []string {
	var all []string
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	case map[string]any:
		for _, item := range v {
			all = append(all, texts(item)...)
		}
	}
	return all
}

// named sets the fields that the URN contains: urn:pulumi:<stack>::<project>::<parents' types$type>::<name>.
func (g *Graph) named(r *Resource) error {
	parts := strings.SplitN(r.URN, "::", 4)
	stack, ok := strings.CutPrefix(parts[0], "urn:pulumi:")
	if !ok || len(parts) != 4 {
		return fmt.Errorf("%q is not a URN", r.URN)
	}
	g.Stack, g.Project, r.Name = stack, parts[1], parts[3]
	if r.Type == "" {
		r.Type = parts[2][strings.LastIndex(parts[2], "$")+1:]
	}
	return nil
}
