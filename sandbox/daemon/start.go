package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// startTimeout bounds the start of a daemon.
const startTimeout = 3 * time.Minute

// Start starts a daemon that outlives the current process and waits for its report. program is the sandbox command.
func Start(ctx context.Context, l layout.Layout, program, region string) (Report, error) {
	if err := CheckPorts(l); err != nil {
		return Report{}, err
	}
	if err := os.MkdirAll(l.Run(), 0o711); err != nil {
		return Report{}, fmt.Errorf("create the sandbox's directories: %w", err)
	}
	log, err := os.Create(l.Log("daemon"))
	if err != nil {
		return Report{}, fmt.Errorf("create the daemon's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(program, "serve", "--region", region)
	cmd.Dir, cmd.Env = l.Repo, daemonEnv(l)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return Report{}, fmt.Errorf("start the daemon: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		report, err := Ask(ctx, l)
		if err == nil && report.PID == cmd.Process.Pid {
			return report, nil
		}
		select {
		case err := <-ended:
			return Report{}, fmt.Errorf("the daemon exited during its start (%w):\n%s", err, progress.Tail(log.Name(), 10))
		case <-ctx.Done():
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			return Report{}, fmt.Errorf("the daemon did not start (%w):\n%s", errors.Join(ctx.Err(), err), progress.Tail(log.Name(), 10))
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// daemonEnv is the current environment without the variables of a real account, with the marker of the sandbox's
// processes and a private directory of temporary files.
func daemonEnv(l layout.Layout) []string {
	var env []string
	for _, entry := range os.Environ() {
		if !strings.HasPrefix(entry, "AWS_") && !strings.HasPrefix(entry, child.MarkerName+"=") {
			env = append(env, entry)
		}
	}
	return append(append(env, child.Marker(l.Root)), layout.TempEnv(l.Temp())...)
}
