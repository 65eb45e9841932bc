package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
)

// instance is one process of a candidate with its Runtime API. The sandbox's Lambda host is not used: it caps a stream
// as AWS does, and freezes and logs between requests, which is noise here.
type instance struct {
	cmd     *exec.Cmd
	server  *http.Server
	work    <-chan *invocation // shared by the instances of a fleet
	started time.Time
	polled  chan time.Duration // exec to first poll
	exited  chan struct{}
	log     bytes.Buffer // read once exited is closed

	mu      sync.Mutex
	seen    bool // has polled
	current *invocation
}

// launch starts a process of c that reads its events from work.
func (b *bench) launch(c candidate, work <-chan *invocation) (*instance, error) {
	return startInstance(c, work, "api", b.servers.env)
}

func startInstance(c candidate, work <-chan *invocation, handler string, environment []string) (*instance, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &instance{work: work, polled: make(chan time.Duration, 1), exited: make(chan struct{})}
	i.server = &http.Server{Handler: i.runtimeAPI(), ReadHeaderTimeout: time.Minute}
	go func() { _ = i.server.Serve(listener) }() // ends with stop's Close
	i.cmd = exec.Command(c.command[0], c.command[1:]...)
	i.cmd.Env = slices.Concat(environment, []string{"AWS_LAMBDA_RUNTIME_API=" + listener.Addr().String(), "_HANDLER=" + handler})
	i.cmd.Stdout, i.cmd.Stderr = &i.log, &i.log
	i.started = time.Now()
	if err := i.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", c.name, err)
	}
	go func() {
		_ = i.cmd.Wait() // killed in most cases; other reasons are in the log
		close(i.exited)
	}()
	return i, nil
}

// ready waits for the first poll and returns the time since exec.
func (i *instance) ready(ctx context.Context) (time.Duration, error) {
	select {
	case took := <-i.polled:
		return took, nil
	case <-i.exited:
		return 0, fmt.Errorf("%s ended: %s", i.cmd.Path, i.log.String())
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// stop kills the process and closes its Runtime API.
func (i *instance) stop() {
	_ = i.cmd.Process.Kill() // it may have exited
	<-i.exited
	_ = i.server.Close()
}

// peak is the process's peak resident memory in bytes.
func (i *instance) peak() int64 { return child.MemoryOf(i.cmd.Process.Pid).Peak }

// processorTime is the CPU time of the process's threads (proc_pid_schedstat, nanoseconds). Other load on the machine
// changes it far less than the duration of a request.
func (i *instance) processorTime() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", i.cmd.Process.Pid))
	var total time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			return 0, err
		}
		var ran time.Duration
		if _, err := fmt.Sscan(string(text), &ran); err != nil {
			return 0, fmt.Errorf("%s: %w", thread, err)
		}
		total += ran
	}
	return total, err
}
