package emulator

import (
	"maps"
	"sync"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Overlay remembers the members of resources that the emulator takes and
// forgets or garbles, by a name of the resource ("rds:cluster/orders",
// "/restapis/ab12cd34"), to be put into its answers.
type Overlay struct {
	mu     sync.RWMutex
	fields map[string]map[string]any
}

// NewOverlay remembers nothing yet.
func NewOverlay() *Overlay { return &Overlay{fields: map[string]map[string]any{}} }

// Set remembers members beside those already there; a nil value forgets one.
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

// Get is what is remembered of the resource; it must not be changed.
func (o *Overlay) Get(resource string) map[string]any {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.fields[resource]
}

// Text is a remembered string member, or empty.
func (o *Overlay) StringMember(resource, member string) string {
	value, _ := o.Get(resource)[member].(string)
	return value
}

// Forget drops what is remembered of a resource.
func (o *Overlay) Delete(resource string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.fields, resource)
}

// Fill puts the remembered members of a resource into its element. A string
// becomes a text, an element goes in as it is.
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

// Removed stands in the overlay for a member that a patch took away.
type Removed struct{}
