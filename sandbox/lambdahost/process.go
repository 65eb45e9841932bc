package lambdahost

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/child"
)

// process is the leader of a process group, which is killed when the leader exits.
type process struct {
	*child.Process
	exited chan struct{}
}

// startProcess starts a function so that it dies with the daemon.
func startProcess(spec child.Spec) (*process, error) {
	leader, err := child.Start(spec)
	if err != nil {
		return nil, err
	}
	p := &process{leader, make(chan struct{})}
	go func() {
		<-p.Done()
		p.Signal(syscall.SIGKILL)
		close(p.exited)
	}()
	return p, nil
}

// reason describes the leader's exit in AWS's words.
func (p *process) reason() string {
	var exit *exec.ExitError
	if !errors.As(p.Err(), &exit) {
		return "Runtime exited without providing a reason"
	}
	if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("Runtime exited with error: signal: %s", status.Signal())
	}
	return fmt.Sprintf("Runtime exited with error: exit status %d", exit.ExitCode())
}
