package child

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// parentVariable turns the test binary into a parent of one child, marked with the variable's value.
const parentVariable = "TEST_PARENT_OF"

func TestMain(m *testing.M) {
	if root := os.Getenv(parentVariable); root != "" {
		process, err := Start(Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}, Env: []string{Marker(root)}})
		if err != nil {
			os.Exit(1)
		}
		fmt.Println(process.PID())
		time.Sleep(time.Hour) // select {} alone is a deadlock, which ends the program
	}
	os.Exit(m.Run())
}

// gone waits until a process has exited.
func gone(t *testing.T, pid int) {
	t.Helper()
	for range 500 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("process %d still runs", pid)
}

// parentOf starts a parent and returns it with its child's process ID.
func parentOf(t *testing.T, root string) (*exec.Cmd, int) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), parentVariable+"="+root)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	return cmd, pid
}

// ignoringTerm starts a child that ignores SIGTERM, as its own child does.
func ignoringTerm(t *testing.T, root string) *Process {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	p, err := Start(Spec{
		Name: "sh", Path: "/bin/sh", Env: []string{Marker(root), "PATH=/usr/bin:/bin"}, Log: in,
		Args: []string{"-c", `trap "" TERM; sleep 60 & echo started; while :; do sleep 0.05; done`},
	})
	_ = in.Close() // the child has its own copy
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child printed %q, %v", line, err)
	}
	return p
}

func TestChildrenExit(t *testing.T) {
	t.Run("with a parent that is killed", func(t *testing.T) {
		cmd, pid := parentOf(t, t.TempDir())
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		gone(t, pid)
	})
	t.Run("gracefully if they handle the signal", func(t *testing.T) {
		p, err := Start(Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}})
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		p.Stop(30 * time.Second)
		if took := time.Since(start); took > 10*time.Second || p.Alive() {
			t.Errorf("took %s, alive %v", took, p.Alive())
		}
	})
	t.Run("by force if they ignore it, with their own children", func(t *testing.T) {
		root := t.TempDir()
		ignoringTerm(t, root).Stop(300 * time.Millisecond)
		// Stop waits only for the child; the other killed processes exit a moment later.
		var left []int
		for range 500 {
			var err error
			if left, err = Marked(root); err != nil {
				t.Fatal(err)
			}
			if len(left) == 0 {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("left %v", left)
	})
	t.Run("when the context of Wait is done", func(t *testing.T) {
		p, err := Start(Spec{Name: "sleep", Path: "/bin/sleep", Args: []string{"60"}})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || p.Alive() {
			t.Errorf("error %v, alive %v", err, p.Alive())
		}
	})
}

func TestAwait(t *testing.T) {
	t.Run("fails when the child exits", func(t *testing.T) {
		p, err := Start(Spec{Name: "false", Path: "/bin/false"})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Await(t.Context(), func(context.Context) error { return errors.New("no response") })
		if err == nil || !strings.Contains(err.Error(), "false exited before") || !strings.Contains(err.Error(), "no response") {
			t.Errorf("error %v", err)
		}
	})
}

func TestKillMarked(t *testing.T) {
	root := t.TempDir()
	spared, sparedChild := parentOf(t, root)
	_, other := parentOf(t, root)
	_, stranger := parentOf(t, t.TempDir())
	if pids, err := Marked(root); err != nil || !slices.Contains(pids, sparedChild) || !slices.Contains(pids, other) || slices.Contains(pids, stranger) {
		t.Fatalf("marked %v, %v: want %d and %d, not %d", pids, err, sparedChild, other, stranger)
	}
	n, err := KillMarked(t.Context(), root, spared.Process.Pid)
	if err != nil || n != 1 {
		t.Errorf("%d ended, %v, want 1", n, err)
	}
	gone(t, other)
	for name, pid := range map[string]int{"the spared process's child": sparedChild, "another sandbox's process": stranger} {
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
