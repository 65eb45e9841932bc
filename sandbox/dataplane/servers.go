package dataplane

import (
	"errors"
	"maps"
	"net/netip"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/faults"
)

// Servers implements Plane with real servers.
type Servers struct {
	in        Installation
	authority *Authority
	addresses *addresses
	faults    *faults.Registry // of the functions' connections; nil: none

	backupLimits backupLimits

	mu        sync.Mutex
	clusters  map[string]*clusterServer
	proxies   map[string]*proxyServer
	caches    map[string]*cacheServer
	backups   map[string]*backups
	snapshots map[string]*snapshot
}

var _ Plane = (*Servers)(nil)

// New returns a Plane without servers. network is the first two octets of the loopback network for the servers'
// addresses, such as "127.77". registry has the faults of the functions' connections; nil: none.
func New(in Installation, authority *Authority, network string, registry *faults.Registry) (*Servers, error) {
	addresses, err := newAddresses(network)
	if err != nil {
		return nil, err
	}
	return &Servers{
		in: in, authority: authority, addresses: addresses, faults: registry,
		backupLimits: backupLimits{walPerBase, tendInterval},
		clusters:     map[string]*clusterServer{},
		proxies:      map[string]*proxyServer{},
		caches:       map[string]*cacheServer{},
		backups:      map[string]*backups{},
		snapshots:    map[string]*snapshot{},
	}, nil
}

// entry returns the map's entry for key, which it creates if there is none.
func entry[T any](s *Servers, entries map[string]*T, key string) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := entries[key]
	if !ok {
		e = new(T)
		entries[key] = e
	}
	return e
}

// find returns the map's entry for key, or nil.
func find[T any](s *Servers, entries map[string]*T, key string) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return entries[key]
}

// take removes and returns the map's entry for key, or nil.
func take[T any](s *Servers, entries map[string]*T, key string) *T {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := entries[key]
	delete(entries, key)
	return e
}

// all returns a copy of the map, which can be iterated without its lock.
func all[T any](s *Servers, entries map[string]*T) map[string]*T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(entries)
}

// Close stops every server and deletes the data.
func (s *Servers) Close() error {
	var wg sync.WaitGroup
	failures := make(chan error)
	stop := func(remove func() error) {
		wg.Add(1)
		go func() {
			defer wg.Done()
			failures <- remove()
		}()
	}
	for name := range all(s, s.proxies) {
		stop(func() error { return s.removeProxy(name) })
	}
	for id := range all(s, s.clusters) {
		stop(func() error { return s.removeCluster(id, Keep{}) })
	}
	for id := range all(s, s.caches) {
		stop(func() error { return s.removeCache(id) })
	}
	go func() { wg.Wait(); close(failures) }()
	var joined error
	for err := range failures {
		joined = errors.Join(joined, err)
	}
	for name := range all(s, s.backups) { // of deleted clusters
		joined = errors.Join(joined, s.RemoveBackups(name))
	}
	for name := range all(s, s.snapshots) {
		joined = errors.Join(joined, s.RemoveSnapshot(name))
	}
	return joined
}

// Server describes a running server.
type Server struct {
	Kind   string         `json:"kind"` // "postgres", "proxy" or "redis"
	Name   string         `json:"name"`
	Addr   netip.AddrPort `json:"addr"`             // where clients connect, with TLS
	Plain  netip.AddrPort `json:"plain,omitzero"`   // the server itself, without TLS
	PID    int            `json:"pid,omitempty"`    // 0 for a proxy, which has no process
	Since  time.Time      `json:"since,omitzero"`   // when the process started
	Alive  bool           `json:"alive"`            // false: the process has exited
	Target string         `json:"target,omitempty"` // a proxy's cluster

	Restarts child.Restarts `json:"restarts,omitzero"`
	Error    string         `json:"error,omitempty"` // why the process is not restarted
}
