package emulator

import "sync"

// Lookups keeps what the gateway read from the emulator, by service, until a
// write to that service goes through. The data plane asks on every request, so
// its answers must not cost a call each.
type Lookups struct {
	mu     sync.Mutex
	age    map[string]int            // a write makes a service older
	values map[string]map[string]any // service, key
}

// NewLookups keeps nothing yet.
func NewLookups() *Lookups {
	return &Lookups{age: map[string]int{}, values: map[string]map[string]any{}}
}

// Forget drops what was read of a service.
func (l *Lookups) Invalidate(service string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.age[service]++
	delete(l.values, service)
}

// Lookup returns the value of key, loading it when it is not kept. A value
// that was loaded while a write went through is not kept.
func Lookup[T any](l *Lookups, service, key string, load func() (T, error)) (T, error) {
	l.mu.Lock()
	kept, ok := l.values[service][key].(T)
	age := l.age[service]
	l.mu.Unlock()
	if ok {
		return kept, nil
	}
	value, err := load()
	if err != nil {
		return value, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.age[service] == age {
		if l.values[service] == nil {
			l.values[service] = map[string]any{}
		}
		l.values[service][key] = value
	}
	return value, nil
}
