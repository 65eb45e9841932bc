package child

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"syscall"
	"time"
)

// Spec says what to start.
type Spec struct {
	Name  string   // for messages: "postgres data", "ministack"
	Path  string   // absolute path of the binary
	Args  []string // without the name
	Env   []string // whole environment; nothing is inherited
	Dir   string   // working directory
	Stdin io.Reader
	Log   io.Writer           // standard output and error; nil discards
	Stop  syscall.Signal      // asks for an orderly end; zero means SIGTERM
	Death syscall.Signal      // sent when the sandbox dies; zero means SIGKILL
	User  *syscall.Credential // nil: ours
}

// Process is a started child.
type Process struct {
	spec  Spec
	cmd   *exec.Cmd
	since time.Time
	done  chan struct{}
	err   error
}

// Start starts the child. It does not wait for it to be ready.
func Start(spec Spec) (*Process, error) {
	if spec.Stop == 0 {
		spec.Stop = syscall.SIGTERM
	}
	if spec.Death == 0 {
		spec.Death = syscall.SIGKILL
	}
	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env, cmd.Dir, cmd.Stdin = spec.Env, spec.Dir, spec.Stdin
	cmd.Stdout, cmd.Stderr = spec.Log, spec.Log
	// A grandchild that keeps the log's pipe open must not keep us waiting.
	cmd.WaitDelay = 2 * time.Second
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid: true, Pdeathsig: spec.Death, Credential: spec.User,
	}
	if err := startOnLastingThread(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Name, err)
	}
	p := &Process{spec: spec, cmd: cmd, since: time.Now(), done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// PID is the child's process id, which is its process group's too.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Since is when the child was started.
func (p *Process) Since() time.Time { return p.since }

// Done is closed when the child has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive reports whether the child still runs.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err says how the child ended; nil while it runs or after a clean end.
func (p *Process) Err() error {
	if p.Alive() {
		return nil
	}
	return p.err
}

// Stop ends the child and its group: in order first, by force after grace.
// It returns when the child is gone.
func (p *Process) Stop(grace time.Duration) {
	p.Signal(p.spec.Stop)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	// Also after an orderly end: what the child left in its group goes with it.
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Signal goes to the child and its group. A group that is gone is no error.
func (p *Process) Signal(sig syscall.Signal) {
	_ = syscall.Kill(-p.PID(), sig)
}

// Await polls ready until it reports no error. It fails when the child ends
// first, with the last reason when ctx does.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s ended before it was ready: %w", p.spec.Name, errors.Join(p.err, err))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.spec.Name, errors.Join(ctx.Err(), err))
		case <-time.After(40 * time.Millisecond):
		}
	}
}

// Wait waits for the child to end by itself and says how it did; when ctx ends
// first, the child is ended.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.Stop(time.Second)
		return ctx.Err()
	}
}
