package gateway

import (
	"maps"
	"sync"
)

// overlay remembers the members of resources that the emulator takes and
// forgets or garbles, by a name of the resource ("rds:cluster/orders",
// "/restapis/ab12cd34"), to be put into its answers.
type overlay struct {
	mu     sync.RWMutex
	fields map[string]map[string]any
}

func newOverlay() *overlay { return &overlay{fields: map[string]map[string]any{}} }

// set remembers members beside those already there; a nil value forgets one.
func (o *overlay) set(resource string, members map[string]any) {
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

// get is what is remembered of the resource; it must not be changed.
func (o *overlay) get(resource string) map[string]any {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.fields[resource]
}

// text is a remembered string member, or empty.
func (o *overlay) text(resource, member string) string {
	value, _ := o.get(resource)[member].(string)
	return value
}

func (o *overlay) forget(resource string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.fields, resource)
}

// fill puts the remembered members of a resource into its element. A string
// becomes a text, an element goes in as it is.
func (o *overlay) fill(resource string, element *node) {
	for name, value := range o.get(resource) {
		switch v := value.(type) {
		case string:
			element.set(name, v)
		case *node:
			element.put(v)
		}
	}
}

// removed stands in the overlay for a member that a patch took away.
type removed struct{}
