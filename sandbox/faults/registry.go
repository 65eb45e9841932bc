package faults

import (
	"cmp"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Registry has the active faults and the connections of the parts. A nil Registry has no faults.
type Registry struct {
	owner func(net.Conn) string

	setting sync.Mutex // held by Set: concurrent ones would lose a fault and what it holds

	active atomic.Int32 // number of faults, so that a connection without any takes no lock
	mu     sync.Mutex
	faults map[target]*fault
	conns  map[*Conn]struct{}
}

// target is what fails.
type target struct{ stack, part string }

// New returns a registry without faults. owner returns the stack whose API function holds the other end of a
// connection, or "".
func New(owner func(net.Conn) string) *Registry {
	return &Registry{owner: owner, faults: map[target]*fault{}, conns: map[*Conn]struct{}{}}
}

// Set starts a fault, which replaces an earlier one of the part, or ends one. hold, which may be nil, is called with a
// new fault and returns how to release what it has taken.
func (r *Registry) Set(s Spec, hold func() (release func(), err error)) error {
	s, err := s.Normalize()
	if err != nil {
		return err
	}
	r.setting.Lock()
	defer r.setting.Unlock()
	r.end(s)
	if s.How == OK {
		return nil
	}
	f := &fault{Active: Active{Spec: s, Since: time.Now()}, ended: make(chan struct{})}
	if hold != nil {
		if f.release, err = hold(); err != nil {
			return err
		}
	}
	r.mu.Lock()
	r.faults[target{s.Stack, s.Part}] = f
	r.active.Store(int32(len(r.faults)))
	conns := r.connections()
	r.mu.Unlock()
	f.reset(conns)
	return nil
}

// end ends the fault of the spec's part, or all of the stack's without a part.
func (r *Registry) end(s Spec) {
	r.mu.Lock()
	var ended []*fault
	for at, f := range r.faults {
		if at.stack == s.Stack && (s.Part == "" || at.part == s.Part) {
			delete(r.faults, at)
			ended = append(ended, f)
		}
	}
	r.active.Store(int32(len(r.faults)))
	conns := r.connections()
	r.mu.Unlock()
	for _, f := range ended {
		close(f.ended)
		if f.release != nil {
			f.release()
		}
		if f.How == ReadOnly { // a session keeps what it began with
			f.reset(conns)
		}
	}
}

// EndAll ends every fault.
func (r *Registry) EndAll() {
	for _, a := range r.Active() {
		r.end(a.Spec)
	}
}

// Active lists the active faults by stack and part.
func (r *Registry) Active() []Active {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := []Active{}
	for _, f := range r.faults {
		all = append(all, f.Active)
	}
	slices.SortFunc(all, func(a, b Active) int {
		return cmp.Or(cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Part, b.Part))
	})
	return all
}

// connections returns a copy. r.mu is held.
func (r *Registry) connections() []*Conn {
	all := make([]*Conn, 0, len(r.conns))
	for c := range r.conns {
		all = append(all, c)
	}
	return all
}

// of returns the fault of a part for the function that holds the connection, or nil.
func (r *Registry) of(p *peer, part string) *fault {
	if r == nil || r.active.Load() == 0 {
		return nil
	}
	stack := p.stack()
	if stack == "" {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.faults[target{stack, part}]
}

// peer is the other end of a connection, whose owner is looked up when a fault first needs it.
type peer struct {
	raw   net.Conn
	owner func(net.Conn) string
	once  sync.Once
	found string
}

func (p *peer) stack() string {
	p.once.Do(func() { p.found = p.owner(p.raw) })
	return p.found
}
