package lambdahost

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// pool holds the environments of one version with one code and configuration.
type pool struct {
	host        *Host
	function    Function
	fingerprint string

	mu      sync.Mutex
	retired bool
	idle    []*environment // most recently used last
}

// fingerprint is equal for two lookups that may share an environment.
func fingerprint(f Function) string {
	f.ARN, f.Reserved = "", nil // how it was asked for; not part of the version
	b, err := json.Marshal(f)   // map keys are sorted
	if err != nil {
		return f.Version + f.CodeSHA256 // unreachable: the type has no unmarshalable field
	}
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// run gives the invocation to an idle environment or to a new one.
func (p *pool) run(inv *invocation) {
	env := p.take(inv.function.Timeout)
	if env == nil {
		env = p.start(inv)
	}
	if env == nil {
		return
	}
	if env.invoke(inv) {
		p.put(env)
		return
	}
	p.drop(env)
}

// take returns the warmest idle environment that can still serve, if any.
func (p *pool) take(timeout time.Duration) *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		env := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if env.usable(timeout) {
			return env
		}
		p.discard(env)
	}
	return nil
}

// put makes the environment available again, frozen.
func (p *pool) put(env *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		p.discard(env)
		return
	}
	env.rest()
	p.idle = append(p.idle, env)
}

func (p *pool) drop(env *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discard(env)
}

// discard ends the environment on the side. p.mu is held.
func (p *pool) discard(env *environment) {
	p.host.live.remove(env)
	p.host.work.Add(1) // an invocation, the reaper or Close still holds the group open
	go func() {
		defer p.host.work.Done()
		env.end()
	}()
}

// start makes an environment and waits for its init phase; when that fails
// the invocation is answered with the reason and nil is returned.
func (p *pool) start(inv *invocation) *environment {
	env, failure := newEnvironment(context.Background(), p.host, p.function, inv.id)
	if failure != nil {
		inv.fail(failure)
		return nil
	}
	p.host.live.add(env)
	if failure := env.init(inv); failure != nil {
		inv.fail(failure)
		p.drop(env)
		return nil
	}
	return env
}

// reap ends environments that have been idle since before.
func (p *pool) reap(before time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := p.idle[:0]
	for _, env := range p.idle {
		if env.idleSince.Before(before) {
			p.discard(env)
			continue
		}
		kept = append(kept, env)
	}
	p.idle = kept
}

// retire ends the idle environments now and the busy ones after their
// invocation.
func (p *pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	for _, env := range p.idle {
		p.discard(env)
	}
	p.idle = nil
}

// register is every environment of a host that has a process, those of retired
// pools included.
type register struct {
	mu      sync.Mutex
	killing bool
	members map[*environment]struct{}
}

func (r *register) add(env *environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.killing {
		env.kill()
		return
	}
	if r.members == nil {
		r.members = map[*environment]struct{}{}
	}
	r.members[env] = struct{}{}
}

func (r *register) remove(env *environment) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.members, env)
}

// kill ends every member at once, and whoever is added later.
func (r *register) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killing = true
	for env := range r.members {
		env.kill()
	}
}

// stopping says that Close was called.
func (h *Host) stopping() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}
