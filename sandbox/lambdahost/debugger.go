package lambdahost

import (
	"slices"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
)

// Debugger runs a function's code under Delve.
type Debugger struct {
	Program string // path of dlv
	Address string // host and port on which it listens
}

// debugTimeout is the timeout of whatever a debugger may stop: longer than any debugging session.
const debugTimeout = 24 * time.Hour

// debugging is code under a debugger. It has one environment at a time, because its debugger has one port: other
// invocations wait. The environment is neither frozen nor ended while idle, and its memory is not limited, because it
// includes the debugger's.
type debugging struct {
	Debugger
	turn chan struct{}
}

func newDebugging(d Debugger) *debugging {
	return &debugging{Debugger: d, turn: make(chan struct{}, 1)}
}

// takeTurn waits until no other invocation runs the code under its debugger.
func (p *pool) takeTurn() (done func()) {
	if !p.code.debugged() {
		return func() {}
	}
	turn := p.code.debug.turn
	turn <- struct{}{}
	return func() { <-turn }
}

// freeDebugPort ends the environments of the code in other pools, such as that of another version: with the turn, they
// are idle.
func (p *pool) freeDebugPort() {
	if !p.code.debugged() {
		return
	}
	p.host.mu.Lock()
	defer p.host.mu.Unlock()
	for _, other := range p.host.pools {
		if other != p && other.code == p.code {
			other.discardIdle()
		}
	}
}

// takeDebugPort waits until no environment uses the port.
func (h *Host) takeDebugPort(address string) (release func()) {
	h.mu.Lock()
	taken := h.debugPorts[address]
	if taken == nil {
		taken = make(chan struct{}, 1)
		h.debugPorts[address] = taken
	}
	h.mu.Unlock()
	taken <- struct{}{}
	return func() { <-taken }
}

// orLonger returns the limit, or debugTimeout under a debugger.
func (d *debugging) orLonger(limit time.Duration) time.Duration {
	if d == nil {
		return limit
	}
	return debugTimeout
}

// under returns how the debugger starts the process, which runs until it reaches a breakpoint. Any number of clients may
// attach and detach. dir is for the debugger's files.
func (d *debugging) under(spec child.Spec, dir string) child.Spec {
	if d == nil {
		return spec
	}
	spec.Args = []string{
		"exec", "--headless", "--listen=" + d.Address, "--api-version=2", "--accept-multiclient", "--continue", spec.Path,
	}
	spec.Path = d.Program
	spec.Env = append(slices.Clone(spec.Env), "XDG_CONFIG_HOME="+dir)
	return spec
}

// endDebugged ends the environments of code under a debugger, also one that is stopped at a breakpoint. It does nothing for
// other code.
func (h *Host) endDebugged(code *swapped) {
	if !code.debugged() {
		return
	}
	for _, e := range h.live.list() {
		if e.debug == code.debug {
			e.kill()
		}
	}
}

// killTree kills the descendants of a process.
func killTree(pid int) {
	for _, process := range tree(pid)[1:] {
		_ = syscall.Kill(process, syscall.SIGKILL) // it may have exited
	}
}
