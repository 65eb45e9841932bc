package graph

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"sort"
	"strings"
)

// secretKey and secretSignature mark an encrypted value in a state; Pulumi's serialization format.
const (
	secretKey       = "4dabf18193072939515e22adb298388d"
	secretSignature = "1b47061264138c4ac30d75fd1eb44270"
)

// resource is the JSON of a resource in states and previews.
type resource struct {
	URN                  string              `json:"urn"`
	Type                 string              `json:"type"`
	Parent               string              `json:"parent"`
	ID                   string              `json:"id"`
	Custom               bool                `json:"custom"`
	Delete               bool                `json:"delete"`
	Protect              bool                `json:"protect"`
	RetainOnDelete       bool                `json:"retainOnDelete"`
	InitErrors           []string            `json:"initErrors"`
	Inputs               map[string]any      `json:"inputs"`
	Outputs              map[string]any      `json:"outputs"`
	Dependencies         []string            `json:"dependencies"`
	PropertyDependencies map[string][]string `json:"propertyDependencies"`
}

func (in resource) resource() Resource {
	return Resource{
		URN: in.URN, Type: in.Type, Parent: in.Parent, ID: in.ID,
		Custom: in.Custom, Protect: in.Protect, RetainOnDelete: in.RetainOnDelete,
		Inputs: mask(in.Inputs), Outputs: mask(in.Outputs),
		Dependencies: in.Dependencies, PropertyDependencies: in.PropertyDependencies,
	}
}

// mask replaces encrypted values with Secret, as previews do.
func mask(object map[string]any) map[string]any {
	out := map[string]any{}
	for key, v := range object {
		out[key] = maskValue(v)
	}
	return out
}

func maskValue(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v[secretKey] == secretSignature {
			return Secret
		}
		return mask(v)
	case []any:
		list := make([]any, len(v))
		for i, item := range v {
			list[i] = maskValue(item)
		}
		return list
	default:
		return v
	}
}

// FromState reads what `pulumi stack export` prints, without the resources that an interrupted update has left for
// deletion.
func FromState(r io.Reader) (*Graph, error) {
	var state struct {
		Deployment struct {
			Resources []resource `json:"resources"`
		} `json:"deployment"`
	}
	if err := json.NewDecoder(r).Decode(&state); err != nil {
		return nil, fmt.Errorf("read the state: %w", err)
	}
	g := &Graph{}
	for _, in := range state.Deployment.Resources {
		if in.Delete {
			continue
		}
		if err := g.add(in.resource()); err != nil {
			return nil, fmt.Errorf("read the state: %w", err)
		}
	}
	if len(g.Resources) == 0 {
		return nil, errors.New("the state has no resources; it should be what `pulumi stack export` prints")
	}
	return g, nil
}

// stackType is the type of the stack itself, the first resource that a program registers.
const stackType = "::pulumi:pulumi:Stack::"

// refreshes is the number of steps of the refresh, which come first: one for each resource of the state. The second
// step of the stack itself begins the program's steps.
func refreshes(steps []step) int {
	if !slices.ContainsFunc(steps, func(s step) bool { return s.Op == "refresh" }) {
		return 0
	}
	seen := false
	for i, s := range steps {
		if !strings.Contains(s.URN, stackType) {
			continue
		}
		if seen {
			return i
		}
		seen = true
	}
	return len(steps)
}

// drifts compares the state, the old side of a refresh's step, with the account, the old side of the program's step.
// A property that the update does not change is no drift: the account has the program's value, or AWS sets it.
func drifts(refreshed, program []step) []Drift {
	stored := map[string]*resource{}
	for _, s := range refreshed {
		if s.OldState != nil && s.OldState.Custom && !s.OldState.Delete {
			stored[s.URN] = s.OldState
		}
	}
	var found []Drift
	for _, s := range program {
		was := stored[s.URN]
		if was == nil {
			continue
		}
		delete(stored, s.URN) // a replacement has further steps
		d := Drift{URN: s.URN, Gone: s.OldState == nil, Unfinished: len(was.InitErrors) > 0, Stored: mask(was.Inputs)}
		for path, change := range s.DetailedDiff {
			if !d.Gone && differ(path, change, was, s.OldState) {
				d.Paths = append(d.Paths, path)
			}
		}
		if slices.Sort(d.Paths); d.Gone || len(d.Paths) > 0 {
			found = append(found, d)
		}
	}
	return found
}

// differ reports whether the state and the account differ at a path that the update changes: in the inputs, in what the
// update removes, or in what a failed update has left in the state's outputs. Other outputs do not count: AWS sets
// some, such as a version.
func differ(path string, change any, a, b *resource) bool {
	if !reflect.DeepEqual(At(a.Inputs, path), At(b.Inputs, path)) {
		return true
	}
	kind, _ := At(change, "kind").(string)
	return (len(a.InitErrors) > 0 || strings.HasPrefix(kind, "delete")) && !reflect.DeepEqual(At(a.Outputs, path), At(b.Outputs, path))
}

// step is a preview's operation on a resource.
type step struct {
	Op             string         `json:"op"`
	URN            string         `json:"urn"`
	OldState       *resource      `json:"oldState"`
	NewState       *resource      `json:"newState"`
	DiffReasons    []string       `json:"diffReasons"`
	ReplaceReasons []string       `json:"replaceReasons"`
	DetailedDiff   map[string]any `json:"detailedDiff"`
}

// ops maps the steps of a replacement to the operation.
var ops = map[string]string{
	"create-replacement": "replace",
	"delete-replaced":    "replace",
	"read-replacement":   "replace",
	"discard-replaced":   "replace",
	"import-replacement": "replace",
	"discard":            "delete",
}

// FromPreview reads what `pulumi preview --json` prints; with --show-sames that includes unchanged resources.
func FromPreview(r io.Reader) (*Graph, error) {
	var preview struct {
		Steps []step `json:"steps"`
	}
	if err := json.NewDecoder(r).Decode(&preview); err != nil {
		return nil, fmt.Errorf("read the preview: %w", err)
	}
	g := &Graph{}
	refreshed := refreshes(preview.Steps)
	g.Drifts = drifts(preview.Steps[:refreshed], preview.Steps[refreshed:])
	for _, s := range preview.Steps[refreshed:] {
		if known := g.Find(s.URN); known != nil {
			known.merge(s)
			continue
		}
		if s.OldState == nil && s.NewState == nil {
			continue
		}
		if err := g.add(s.resource()); err != nil {
			return nil, fmt.Errorf("read the preview: %w", err)
		}
	}
	if len(g.Resources) == 0 {
		return nil, errors.New("the preview has no resources; it should be what `pulumi preview --json --show-sames` prints")
	}
	return g, nil
}

// resource is the resource after the step, with the id and outputs of the state where it stays.
func (s step) resource() Resource {
	old := s.OldState
	if s.NewState == nil {
		r := old.resource()
		r.note(s)
		r.Before = r.Inputs
		return r
	}
	r := s.NewState.resource()
	r.note(s)
	if old == nil {
		return r
	}
	r.Before = mask(old.Inputs)
	if old.Protect && !r.Protect {
		r.Loosened = append(r.Loosened, "protect")
	}
	if old.RetainOnDelete && !r.RetainOnDelete {
		r.Loosened = append(r.Loosened, "retainOnDelete")
	}
	if r.Op == "same" || r.Op == "update" {
		if r.ID == "" {
			r.ID = old.ID
		}
		if len(r.Outputs) == 0 {
			r.Outputs = mask(old.Outputs)
		}
	}
	return r
}

// note sets the operation and its reasons.
func (r *Resource) note(s step) {
	r.Op = s.Op
	if op, ok := ops[s.Op]; ok {
		r.Op = op
	}
	r.Replaces = s.ReplaceReasons
	r.Diffs = s.DiffReasons
	for path := range s.DetailedDiff {
		if !slices.Contains(r.Diffs, path) {
			r.Diffs = append(r.Diffs, path)
		}
	}
	sort.Strings(r.Diffs)
}

// merge combines the steps of a replacement, of which there are up to three for one resource.
func (r *Resource) merge(s step) {
	if _, ok := ops[s.Op]; ok || s.Op == "replace" {
		r.Op = "replace"
	}
	if s.NewState != nil && len(r.Replaces) == 0 {
		r.Replaces = s.ReplaceReasons
	}
}

func (g *Graph) add(r Resource) error {
	if err := g.named(&r); err != nil {
		return err
	}
	g.Resources = append(g.Resources, r)
	return nil
}
