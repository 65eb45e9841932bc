package mocks

import (
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Resource is one registration, as the engine would receive it.
type Resource struct {
	Type string
	Name string
	// Parent is the parent's URN; the stack's for a resource without another parent.
	Parent string
	// Provider is the explicit provider's reference (URN::id); empty for the default one.
	Provider string
	// Inputs are plain Go values: strings, float64, bool, []any and map[string]any. Secrets are
	// unwrapped here and named in Secrets; values that are unknown in a preview are left out.
	Inputs map[string]any
	// Secrets are the names of the top-level inputs that carry a secret, sorted.
	Secrets []string
	Options Options
}

// Options are the resource options of a registration.
type Options struct {
	Protect        bool
	RetainOnDelete bool
	// DeleteBeforeReplace is what the program sets; the provider sets it too where a name is fixed.
	DeleteBeforeReplace bool
	Remote              bool
	IgnoreChanges       []string
	DependsOn           []string
	Providers           map[string]string
	Aliases             int
	SecretOutputs       []string
}

// DependsOn reports whether the resource depends explicitly on the one with that logical name.
func (r Resource) DependsOn(name string) bool {
	return slices.ContainsFunc(r.Options.DependsOn, func(urn string) bool { return strings.HasSuffix(urn, "::"+name) })
}

func newResource(args pulumi.MockResourceArgs) Resource {
	res := Resource{
		Type: args.TypeToken, Name: args.Name, Provider: args.Provider,
		Inputs: map[string]any{},
	}
	if args.RegisterRPC != nil {
		res.Parent = args.RegisterRPC.GetParent()
		res.Options = options(args.RegisterRPC)
	}
	if args.ReadRPC != nil {
		res.Parent = args.ReadRPC.GetParent()
	}
	for key, value := range args.Inputs {
		res.Inputs[string(key)] = plain(value)
		if value.ContainsSecrets() {
			res.Secrets = append(res.Secrets, string(key))
		}
	}
	sort.Strings(res.Secrets)
	return res
}

// ParentName is the last part of the parent's URN: its logical name.
func (r Resource) ParentName() string {
	return r.Parent[strings.LastIndex(r.Parent, ":")+1:]
}

// plain converts a property to a Go value, secrets and outputs unwrapped.
func plain(v resource.PropertyValue) any {
	switch {
	case v.IsSecret():
		return plain(v.SecretValue().Element)
	case v.IsOutput():
		return plain(v.OutputValue().Element)
	case v.IsArray():
		list := make([]any, len(v.ArrayValue()))
		for i, item := range v.ArrayValue() {
			list[i] = plain(item)
		}
		return list
	case v.IsObject():
		object := map[string]any{}
		for key, item := range v.ObjectValue() {
			object[string(key)] = plain(item)
		}
		return object
	default:
		return v.V
	}
}

// All lists every registration in order.
func (r *Recorder) All() []Resource {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Resource(nil), r.resources...)
}

// OfType lists the registrations of one type, by name.
func (r *Recorder) OfType(token string) []Resource {
	var found []Resource
	for _, res := range r.All() {
		if res.Type == token {
			found = append(found, res)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Name < found[j].Name })
	return found
}

// Find returns the one registration of that type and name, and fails the test when there is none.
func (r *Recorder) Find(t *testing.T, token, name string) Resource {
	t.Helper()
	names := []string{}
	for _, res := range r.OfType(token) {
		if res.Name == name {
			return res
		}
		names = append(names, res.Name)
	}
	t.Fatalf("no %s named %q was registered; there are %v", token, name, names)
	return Resource{}
}
