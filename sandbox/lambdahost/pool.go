package lambdahost

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"
)

// pool has the environments of a version with one code and configuration.
type pool struct {
	host        *Host
	function    Function
	fingerprint string
	code        *swapped // runs in place of the deployed code; nil: that one

	mu      sync.Mutex
	retired bool
	idle    []*environment // most recently used last
}

// fingerprint is equal for two lookups that can share an environment.
func fingerprint(f Function) string {
	f.ARN, f.Reserved, f.Tags, f.Weighted = "", nil, nil, false // depend on the lookup or the function, not on the version
	b, err := json.Marshal(f)                                   // map keys are sorted
	if err != nil {
		return f.Version + f.CodeSHA256 // unreachable: the type has no unmarshalable field
	}
	sum := sha256.Sum256(b)
	return string(sum[:])
}

// addUser and removeUser count the invocations and environments that need the directory of swapped code.
func (p *pool) addUser() {
	if p.code != nil {
		p.code.users.add()
	}
}

func (p *pool) removeUser() {
	if p.code != nil {
		p.code.users.done()
	}
}

// run runs the invocation in an idle environment or a new one.
func (p *pool) run(inv *invocation) {
	defer p.takeTurn()()
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

// take returns the most recently used idle environment that can run the invocation, or nil.
func (p *pool) take(timeout time.Duration) *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		env := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if env.canRun(timeout) {
			return env
		}
		p.discard(env)
	}
	return nil
}

// put freezes the environment and makes it available again.
func (p *pool) put(env *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.retired {
		p.discard(env)
		return
	}
	env.freeze()
	p.idle = append(p.idle, env)
}

func (p *pool) drop(env *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discard(env)
}

// discard ends the environment in the background. p.mu is held.
func (p *pool) discard(env *environment) {
	p.host.live.remove(env)
	p.host.work.Add(1) // an invocation, the reaper or Close still keeps the counter above zero
	go func() {
		defer p.host.work.Done()
		defer p.removeUser()
		env.end()
	}()
}

// start creates an environment and waits for its init phase. On failure, it fails the invocation and returns nil.
func (p *pool) start(inv *invocation) *environment {
	p.freeDebugPort()
	env, failure := newEnvironment(context.Background(), p, inv.id)
	if failure != nil {
		inv.fail(failure)
		return nil
	}
	p.addUser()
	p.host.live.add(env)
	if failure := env.init(inv); failure != nil {
		inv.fail(failure)
		p.drop(env)
		return nil
	}
	return env
}

// warm starts an environment without an invocation, unless one is idle. It returns why the init phase failed, or nil.
func (p *pool) warm() *FunctionError {
	defer p.takeTurn()()
	inv := newInvocation(p.function, Request{}, false) // never sent: only for its log
	env := p.take(p.function.Timeout)
	if env == nil {
		env = p.start(inv)
	}
	if env == nil {
		return inv.failure
	}
	p.put(env)
	return nil
}

// root returns the directory of the unpacked code.
func (p *pool) root(ctx context.Context) (string, error) {
	if p.code != nil {
		return p.code.root, nil
	}
	return p.host.code.directory(ctx, p.host.config.Source, p.function)
}

// reap ends environments that have been idle since before.
func (p *pool) reap(before time.Time) {
	if p.code.debugged() {
		return // its breakpoints would go too
	}
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

// retire ends the idle environments now, and the busy ones after their invocation.
func (p *pool) retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.retired = true
	p.endIdle()
}

// discardIdle ends the idle environments.
func (p *pool) discardIdle() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endIdle()
}

// endIdle ends the idle environments. p.mu is held.
func (p *pool) endIdle() {
	for _, env := range p.idle {
		p.discard(env)
	}
	p.idle = nil
}

// register contains all environments of a host that have a process, including those of retired pools.
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

// kill kills all members, and every member that is added later.
func (r *register) kill() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killing = true
	for env := range r.members {
		env.kill()
	}
}

// closing reports whether Close was called.
func (h *Host) closing() bool {
	select {
	case <-h.stop:
		return true
	default:
		return false
	}
}
