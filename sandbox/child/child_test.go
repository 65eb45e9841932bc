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

// parentVariable makes the test binary a parent with one child, marked with
// the variable's value.
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

// gone waits for a process to end.
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

// parentOf starts a parent and returns it with its child's process id.
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

// deaf starts a child that does not heed SIGTERM, nor does the child of its own that it has.
func deaf(t *testing.T, root string) *Process {
	t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	p, err := Start(Spec{
		Name: "sh", Path: "/bin/sh", Env: []string{Marker(root), "PATH=/usr/bin:/bin"}, Log: in,
		Args: []string{"-c", `trap "" TERM; sleep 60 & echo deaf; while :; do sleep 0.05; done`},
	})
	_ = in.Close() // the child has its own copy
	if err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Fatalf("the child says %q, %v", line, err)
	}
	return p
}

func TestChildrenEnd(t *testing.T) {
	t.Run("with a parent that is killed", func(t *testing.T) {
		cmd, pid := parentOf(t, t.TempDir())
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		gone(t, pid)
	})
	t.Run("in order when they heed", func(t *testing.T) {
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
	t.Run("by force when they do not, and their own children with them", func(t *testing.T) {
		root := t.TempDir()
		deaf(t, root).Stop(300 * time.Millisecond)
		// Stop waits for the child alone; what is killed with it is gone a moment later.
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
	t.Run("when the wait for them is given up", func(t *testing.T) {
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
	t.Run("a child that ends is not waited for", func(t *testing.T) {
		p, err := Start(Spec{Name: "false", Path: "/bin/false"})
		if err != nil {
			t.Fatal(err)
		}
		err = p.Await(t.Context(), func(context.Context) error { return errors.New("no answer") })
		if err == nil || !strings.Contains(err.Error(), "false ended before") || !strings.Contains(err.Error(), "no answer") {
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
