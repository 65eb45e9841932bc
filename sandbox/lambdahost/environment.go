package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
)

// environment is an execution environment: a process with its Runtime API server. It runs one invocation at a time.
type environment struct {
	host     *Host
	function Function
	debug    *debugging // nil: not under a debugger
	log      *logger
	scratch  string // the environment's own temporary directory
	process  *process
	server   *http.Server
	launched chan struct{} // closed once process is set, or cannot be started
	// releasePort frees the debugger's port; nil without a debugger.
	releasePort func()
	expires     time.Time // of the credentials; zero: never

	ready      chan struct{}       // the runtime requests the next invocation
	work       chan *invocation    // and receives it
	initFailed chan *FunctionError // the runtime reported that init failed
	sigterm    atomic.Bool         // an extension is registered: SIGTERM first
	active     atomic.Bool         // not frozen
	outOfMem   atomic.Bool
	peak       atomic.Int64 // bytes

	mu      sync.Mutex
	current *invocation

	started      time.Time
	initDuration time.Duration // reported once, with the first invocation
	idleSince    time.Time
}

// newEnvironment unpacks the code, gets credentials and starts the process.
func newEnvironment(ctx context.Context, p *pool, requestID string) (*environment, *FunctionError) {
	h, f := p.host, p.function
	root, err := p.root(ctx)
	if err != nil {
		return nil, newFailure(requestID, "ServiceException", "%v", err)
	}
	credentials, err := h.config.Source.Credentials(ctx, f)
	if err != nil {
		return nil, newFailure(requestID, "AccessDeniedException", "credentials of role %s: %v", f.RoleARN, err)
	}
	e := &environment{
		host: h, function: f, expires: credentials.Expires, launched: make(chan struct{}),
		ready: make(chan struct{}), work: make(chan *invocation), initFailed: make(chan *FunctionError, 1),
	}
	stream := fmt.Sprintf("%s/[%s]%s", time.Now().UTC().Format("2006/01/02"), f.Version, randomHex(16))
	if e.log, err = newLogger(h.logs, f, stream); err != nil {
		return nil, newFailure(requestID, "ServiceException", "%v", err)
	}
	if p.code.debugged() {
		e.debug = p.code.debug
		e.releasePort = h.takeDebugPort(e.debug.Address)
	}
	if err := e.launch(root, credentials); err != nil {
		e.end()
		return nil, newFailure(requestID, "Runtime.InvalidEntrypoint", "%v", err)
	}
	if e.debug == nil {
		go e.watchMemory()
	}
	return e, nil
}

// launch starts the Runtime API's server and the process.
func (e *environment) launch(root string, c Credentials) (err error) {
	if e.scratch, err = os.MkdirTemp(e.host.scratch, e.function.Name+"-"); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("runtime API: %w", err)
	}
	defer close(e.launched)
	e.server = newServer(e.runtimeAPI(), e.isOwn)
	go func() { _ = e.server.Serve(listener) }() // ends with end's Close
	e.log.printf("INIT_START Runtime Version: provided (sandbox)\tHandler: %s", e.function.Handler)
	e.started = time.Now()
	e.active.Store(true)
	e.process, err = startProcess(e.debug.under(child.Spec{
		Name: "function " + e.function.Name, Path: filepath.Join(root, "bootstrap"), Dir: root,
		Env: e.variables(root, listener.Addr().String(), c), Log: e.log.input,
	}, e.scratch))
	switch {
	case errors.Is(err, os.ErrNotExist):
		return errors.New("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]") //nolint:staticcheck // the platform's words
	case errors.Is(err, syscall.ENOEXEC):
		return fmt.Errorf("%w: is the function's architecture (%s) this machine's?", err, e.function.Architecture)
	}
	return err
}

// isOwn reports whether a connection to the Runtime API is the function's.
func (e *environment) isOwn(conn net.Conn) bool {
	<-e.launched
	return e.process != nil && belongsTo(conn, e.process.PID())
}

// init waits until the runtime requests its first invocation.
func (e *environment) init(inv *invocation) *FunctionError {
	timer := time.NewTimer(e.debug.orLonger(InitTimeout))
	defer timer.Stop()
	var failure *FunctionError
	select {
	case <-e.ready:
		e.initDuration = time.Since(e.started)
		e.measure()
		return nil
	case failure = <-e.initFailed:
	case <-e.process.exited:
		failure = e.exitFailure(inv.id)
		select {
		case failure = <-e.initFailed: // reported before the exit
		default:
		}
	case <-timer.C:
		failure = newFailure(inv.id, "Sandbox.Timedout", "Task timed out after %.2f seconds", InitTimeout.Seconds())
	}
	e.kill()
	<-e.process.exited
	e.log.follow(&inv.tail)
	e.log.sync()
	e.log.printf("INIT_REPORT Init Duration: %.2f ms\tPhase: init\tStatus: error\tError Type: %s",
		milliseconds(time.Since(e.started)), failure.Type)
	e.log.follow(nil)
	return failure
}

// exitFailure returns the failure for an exited process.
func (e *environment) exitFailure(requestID string) *FunctionError {
	kind := "Runtime.ExitError"
	if e.outOfMem.Load() {
		kind = "Runtime.OutOfMemory"
	}
	return newFailure(requestID, kind, "%s", e.process.reason())
}

// canRun reports whether the environment can run an invocation with this timeout.
func (e *environment) canRun(timeout time.Duration) bool {
	if e.debug != nil {
		timeout = 0 // longer than any credentials are valid
	}
	fresh := e.expires.IsZero() || time.Until(e.expires) > timeout+credentialMargin
	return fresh && e.process.Alive()
}

// freeze freezes the environment until the next invocation, as on AWS: background work stops, timers are late and
// connections may time out.
func (e *environment) freeze() {
	e.idleSince = time.Now()
	if !e.host.config.KeepRunning && e.debug == nil { // a frozen debugger would accept no client
		e.process.Signal(syscall.SIGSTOP)
		e.active.Store(false)
	}
}

func (e *environment) wake() {
	e.active.Store(true)
	e.process.Signal(syscall.SIGCONT)
}

// kill kills the process, frozen or not.
func (e *environment) kill() {
	if e.debug != nil && e.process.Alive() { // the ID of one that has exited may be another process's
		killTree(e.process.PID()) // the debugger starts the function in a process group of its own
	}
	e.process.Signal(syscall.SIGKILL)
}

// end shuts the environment down and removes its files.
func (e *environment) end() {
	if e.releasePort != nil {
		defer e.releasePort()
	}
	if e.process != nil {
		if e.sigterm.Load() && e.process.Alive() && !e.host.closing() {
			e.wake()
			e.process.Signal(syscall.SIGTERM)
			select {
			case <-e.process.exited:
			case <-time.After(shutdownGrace):
			}
		}
		e.kill()
		<-e.process.exited
	}
	if e.server != nil {
		_ = e.server.Close() // its only client has exited
	}
	e.log.close()
	_ = os.RemoveAll(e.scratch) // New removes leftovers
}

// watchMemory records the peak and kills the process if it exceeds the function's memory.
func (e *environment) watchMemory() {
	limit := int64(e.function.MemoryMB) * 1024 * 1024
	tick := time.NewTicker(memoryInterval)
	defer tick.Stop()
	for {
		select {
		case <-e.process.exited:
			return
		case <-tick.C:
			if e.active.Load() && e.measure() > limit {
				e.outOfMem.Store(true)
				e.kill()
			}
		}
	}
}

// measure updates the peak and returns the memory that counts against the limit. It includes the peak, so that a short
// excess between two measurements counts.
func (e *environment) measure() int64 {
	pid := e.process.PID()
	used := max(treeResident(pid), child.MemoryOf(pid).Peak)
	e.peak.Store(max(e.peak.Load(), used))
	return used
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func formatMilliseconds(d time.Duration) string { return fmt.Sprintf("%.2f", milliseconds(d)) }
