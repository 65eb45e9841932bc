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

// Spec configures a process.
type Spec struct {
	Name  string   // for messages: "postgres data", "ministack"
	Path  string   // absolute path of the binary
	Args  []string // without the name
	Env   []string // complete environment; nothing is inherited
	Dir   string   // working directory
	Stdin io.Reader
	Log   io.Writer           // standard output and error; nil discards
	Stop  syscall.Signal      // for a graceful stop; zero means SIGTERM
	Death syscall.Signal      // sent when the sandbox dies; zero means SIGKILL
	User  *syscall.Credential // nil: the current user
}

// Process is a started child.
type Process struct {
	spec  Spec
	cmd   *exec.Cmd
	since time.Time
	done  chan struct{}
	err   error
}

// Start starts the child without waiting until it is ready.
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
	// A grandchild that keeps the log's pipe open must not delay Wait.
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

// PID is the ID of the child and of its process group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Since is the time at which the child was started.
func (p *Process) Since() time.Time { return p.since }

// Done returns a channel that is closed when the child has exited.
func (p *Process) Done() <-chan struct{} { return p.done }

// Alive reports whether the child is running.
func (p *Process) Alive() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Err is the child's exit error. It is nil while the child runs and after status 0.
func (p *Process) Err() error {
	if p.Alive() {
		return nil
	}
	return p.err
}

// Stop stops the child and its group: gracefully first, by force after grace. It returns when the child has exited.
func (p *Process) Stop(grace time.Duration) {
	p.Signal(p.spec.Stop)
	select {
	case <-p.done:
	case <-time.After(grace):
	}
	// Also after a graceful stop, for processes that the child has left in its group.
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Signal sends a signal to the child and its group. It ignores a group that has exited.
func (p *Process) Signal(sig syscall.Signal) {
	_ = syscall.Kill(-p.PID(), sig)
}

// Await polls ready until it returns nil. It returns an error if the child exits first or ctx is done.
func (p *Process) Await(ctx context.Context, ready func(context.Context) error) error {
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%s exited before it was ready: %w", p.spec.Name, errors.Join(p.err, err))
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w", p.spec.Name, errors.Join(ctx.Err(), err))
		case <-time.After(40 * time.Millisecond):
		}
	}
}

// Wait waits until the child exits and returns its error. If ctx is done first, Wait stops the child.
func (p *Process) Wait(ctx context.Context) error {
	select {
	case <-p.done:
		return p.err
	case <-ctx.Done():
		p.Stop(time.Second)
		return ctx.Err()
	}
}
