package lambdahost

import (
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
)

// spawner starts processes from one locked OS thread. The kernel sends a
// child's parent-death signal when the thread that made it ends, not the
// process, so the thread must live as long as the host.
type spawner struct {
	requests chan spawnRequest
	done     chan struct{}
}

type spawnRequest struct {
	cmd    *exec.Cmd
	result chan error
}

func newSpawner() *spawner {
	s := &spawner{requests: make(chan spawnRequest), done: make(chan struct{})}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		defer close(s.done)
		for r := range s.requests {
			r.result <- r.cmd.Start()
		}
	}()
	return s
}

// close ends the thread; every process must be gone by then.
func (s *spawner) close() {
	close(s.requests)
	<-s.done
}

// process is the leader of a process group of its own.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{}
}

// start runs cmd so that it dies with this process.
func (s *spawner) start(cmd *exec.Cmd) (*process, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	result := make(chan error)
	s.requests <- spawnRequest{cmd, result}
	if err := <-result; err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // the state says it all
		p.signal(syscall.SIGKILL)
		close(p.exited)
	}()
	return p, nil
}

// signal goes to the whole group. A group that is gone is no error.
func (p *process) signal(s syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, s) }

// gone says that the leader has ended.
func (p *process) gone() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// reason words how the leader ended, as the platform does.
func (p *process) reason() string {
	state := p.cmd.ProcessState
	status, ok := state.Sys().(syscall.WaitStatus)
	switch {
	case ok && status.Signaled():
		return fmt.Sprintf("Runtime exited with error: signal: %s", status.Signal())
	case state.ExitCode() == 0:
		return "Runtime exited without providing a reason"
	default:
		return fmt.Sprintf("Runtime exited with error: exit status %d", state.ExitCode())
	}
}
