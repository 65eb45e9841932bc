package emulator

import (
	"maps"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Overlay stores the members of resources that the emulator accepts and then
// drops or changes, to be added to its responses. The key of a resource is
// such as "rds:cluster/orders" or "/restapis/ab12cd34".
type Overlay struct {
	mu     sync.RWMutex
	fields map[string]map[string]any
}

// NewOverlay creates an empty overlay.
func NewOverlay() *Overlay { return &Overlay{fields: map[string]map[string]any{}} }

// Set adds members to those of a resource; a nil value deletes a member.
func (o *Overlay) Set(resource string, members map[string]any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	merged := maps.Clone(o.fields[resource])
	if merged == nil {
		merged = map[string]any{}
	}
	for name, value := range members {
		if value == nil {
			delete(merged, name)
			continue
		}
		merged[name] = value
	}
	o.fields[resource] = merged
}

// Get returns the members of a resource, which must not be changed.
func (o *Overlay) Get(resource string) map[string]any {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.fields[resource]
}

// StringMember returns a string member of a resource, or the empty string.
func (o *Overlay) StringMember(resource, member string) string {
	value, _ := o.Get(resource)[member].(string)
	return value
}

// Delete deletes the members of a resource.
func (o *Overlay) Delete(resource string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.fields, resource)
}

// Fill adds the members of a resource to its XML element. Members are strings
// or elements.
func (o *Overlay) Fill(resource string, element *xmltree.Node) {
	for name, value := range o.Get(resource) {
		switch v := value.(type) {
		case string:
			element.Set(name, v)
		case *xmltree.Node:
			element.Put(v)
		}
	}
}

// Removed marks a member that a patch operation has removed.
type Removed struct{}
