package e2e

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// enough is the number of created resources after which an up is killed.
const enough = 40

// startUp starts an up of dev; its context is done when the test ends.
func startUp(t *testing.T) (context.Context, *exec.Cmd) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limitUp)
	t.Cleanup(cancel)
	cmd := command(ctx, t, "up", "--stack", "dev")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return ctx, cmd
}

// killedUp starts an up, kills the daemon with SIGKILL while resources are being created, and waits until the command
// reports that.
func killedUp(t *testing.T) {
	t.Helper()
	ctx, cmd := startUp(t)
	killDaemonOnce(ctx, t)
	if err := cmd.Wait(); err == nil {
		t.Fatal("up ended well although its sandbox was killed")
	}
}

// killedBootstrap starts an up and kills it with SIGKILL, but not its sandbox, while it creates the state's bucket.
func killedBootstrap(t *testing.T) {
	t.Helper()
	ctx, cmd := startUp(t)
	locks := filepath.Join(repository(t), ".sandbox", "data", "pulumi", "bootstrap", ".pulumi", "locks", "*", "*", "*", "*.json")
	waitFor(ctx, t, "bootstrap to lock its state", func() bool {
		found, err := filepath.Glob(locks)
		return err == nil && len(found) > 0
	})
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed on purpose
}

// killDaemonOnce waits until the running up creates resources and then kills the sandbox's daemon with SIGKILL.
func killDaemonOnce(ctx context.Context, t *testing.T) {
	t.Helper()
	events := filepath.Join(repository(t), ".sandbox", "run", "events-dev.json")
	waitFor(ctx, t, "resources", func() bool {
		text, err := os.ReadFile(events)
		return err == nil && bytes.Count(text, []byte(`"resOutputsEvent"`)) >= enough
	})
	daemons := processes(t, "sandbox", "serve")
	if len(daemons) != 1 {
		t.Fatalf("%d daemons run, want 1", len(daemons))
	}
	if err := syscall.Kill(daemons[0], syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func waitFor(ctx context.Context, t *testing.T, what string, there func() bool) {
	t.Helper()
	for !there() {
		select {
		case <-ctx.Done():
			t.Fatalf("waited for %s: %v", what, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// processes returns the IDs of this checkout's processes of a program, with this first argument if it is not empty.
func processes(t *testing.T, program, argument string) []int {
	t.Helper()
	path := filepath.Join(repository(t), ".sandbox", "bin", program)
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []int
	for _, line := range lines {
		pid, err := strconv.Atoi(strings.Split(line, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		if exe, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe")); err != nil || exe != path {
			continue
		}
		cmdline, err := os.ReadFile(line)
		if err != nil {
			continue // has exited
		}
		args := strings.Split(string(cmdline), "\x00")
		if argument == "" || len(args) > 1 && args[1] == argument {
			found = append(found, pid)
		}
	}
	return found
}
