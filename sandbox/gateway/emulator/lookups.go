package emulator

import "sync"

// Lookups caches what the gateway has read from the emulator, by service, until
// a write to that service. The data plane reads on every request, which must
// not cost a call each.
type Lookups struct {
	mu     sync.Mutex
	writes map[string]int            // by service
	values map[string]map[string]any // by service and key
}

// NewLookups creates an empty cache.
func NewLookups() *Lookups {
	return &Lookups{writes: map[string]int{}, values: map[string]map[string]any{}}
}

// Invalidate drops the cached values of a service after a write.
func (l *Lookups) Invalidate(service string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writes[service]++
	delete(l.values, service)
}

// Lookup returns the cached value of key, or loads it. A value that was loaded
// during a write is not cached.
func Lookup[T any](l *Lookups, service, key string, load func() (T, error)) (T, error) {
	l.mu.Lock()
	cached, ok := l.values[service][key].(T)
	writes := l.writes[service]
	l.mu.Unlock()
	if ok {
		return cached, nil
	}
	value, err := load()
	if err != nil {
		return value, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.writes[service] == writes {
		if l.values[service] == nil {
			l.values[service] = map[string]any{}
		}
		l.values[service][key] = value
	}
	return value, nil
}
