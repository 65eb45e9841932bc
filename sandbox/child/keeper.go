package child

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

const (
	// maxCrashes within crashWindow end a Keeper: the process would not last.
	maxCrashes  = 5
	crashWindow = time.Minute
	// firstDelay is the delay before a restart; it doubles with each one within crashWindow.
	firstDelay = 100 * time.Millisecond
	// stopGrace is for a process that has started during Stop.
	stopGrace = time.Second
)

// Keeper keeps a process running: it restarts a process that exits without having been stopped.
type Keeper struct {
	name    string
	restart func(context.Context) (*Process, error)
	ctx     context.Context // done when Stop is called
	cancel  context.CancelFunc
	ended   chan struct{} // closed when nothing runs any more: stopped, or given up

	mu       sync.Mutex
	process  *Process
	running  chan struct{} // closed while the process is running or has been given up
	restarts Restarts
	crashes  []time.Time // within crashWindow
	err      error
}

// Restarts describes the restarts of a process.
type Restarts struct {
	Count int       `json:"count"`
	Last  time.Time `json:"last,omitzero"`
	Exit  string    `json:"exit,omitempty"` // how the process last ended: "signal: killed"
}

// Keep takes over a running process. restart starts it again, with its data, and returns when it is ready.
func Keep(name string, process *Process, restart func(context.Context) (*Process, error)) *Keeper {
	ctx, cancel := context.WithCancel(context.Background())
	k := &Keeper{name: name, restart: restart, ctx: ctx, cancel: cancel, ended: make(chan struct{}), process: process, running: make(chan struct{})}
	close(k.running)
	go k.watch(process)
	return k
}

// Process is the current process. It may have exited.
func (k *Keeper) Process() *Process {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.process
}

// Restarts returns the restarts so far.
func (k *Keeper) Restarts() Restarts {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.restarts
}

// Ended returns a channel that is closed when the process is stopped or given up.
func (k *Keeper) Ended() <-chan struct{} { return k.ended }

// Err is why the process was given up, or nil.
func (k *Keeper) Err() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.err
}

// Settle waits until a restart in progress has ended.
func (k *Keeper) Settle(ctx context.Context) {
	k.mu.Lock()
	running := k.running
	k.mu.Unlock()
	select {
	case <-running:
	case <-k.ended:
	case <-ctx.Done():
	}
}

// Stop stops the process for good.
func (k *Keeper) Stop(grace time.Duration) {
	k.cancel()
	// A process that a restart has started before the cancel is stopped here, one that it starts later by watch.
	k.Process().Stop(grace)
	<-k.ended
}

// watch restarts the process until it is stopped or crashes too often.
func (k *Keeper) watch(process *Process) {
	defer close(k.ended)
	for {
		<-process.Done()
		delay, ok := k.crashed(process)
		if !ok {
			return
		}
		select {
		case <-k.ctx.Done():
			return
		case <-time.After(delay):
		}
		next, err := k.restart(k.ctx)
		if err != nil {
			if k.ctx.Err() != nil || !k.failed(err) {
				return
			}
			continue
		}
		k.restarted(next)
		if k.ctx.Err() != nil { // Stop had no process to stop
			next.Stop(stopGrace)
			return
		}
		process = next
	}
}

// crashed records an exit. It returns the delay before the restart, or false if there is none.
func (k *Keeper) crashed(process *Process) (time.Duration, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ctx.Err() != nil {
		return 0, false
	}
	now := time.Now()
	k.crashes = append(slices.DeleteFunc(k.crashes, func(at time.Time) bool { return now.Sub(at) >= crashWindow }), now)
	if exit := exitReason(process); k.err == nil {
		k.restarts.Exit = exit
	}
	select {
	case <-k.running:
		k.running = make(chan struct{})
	default: // the restart failed
	}
	if len(k.crashes) > maxCrashes {
		k.err = errors.Join(fmt.Errorf("%s ended %d times within %s and is not restarted (last exit: %s)", k.name, len(k.crashes), crashWindow, k.restarts.Exit), k.err)
		return 0, false
	}
	return firstDelay << (len(k.crashes) - 1), true
}

// failed records a restart that failed. It returns false if the process is given up.
func (k *Keeper) failed(err error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.err = err // until a restart succeeds
	return len(k.crashes) <= maxCrashes
}

func (k *Keeper) restarted(process *Process) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.process, k.err = process, nil
	k.restarts.Count++
	k.restarts.Last = time.Now()
	close(k.running)
}

// exitReason describes how a process ended.
func exitReason(p *Process) string {
	if err := p.Err(); err != nil {
		return err.Error()
	}
	return "exit status 0"
}
