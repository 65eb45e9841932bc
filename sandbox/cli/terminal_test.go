package cli

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// newTerminal returns a pseudoterminal (pty(7)).
func newTerminal(t *testing.T) *os.File {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = master.Close() })
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	terminal, err := os.OpenFile(fmt.Sprint("/dev/pts/", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = terminal.Close() })
	return terminal
}

func settings(t *testing.T, terminal *os.File) unix.Termios {
	t.Helper()
	now, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *now
}

// passesKeys reports whether a terminal passes on each key, and does not show it.
func passesKeys(t *testing.T, terminal *os.File) bool {
	t.Helper()
	return settings(t, terminal).Lflag&(unix.ECHO|unix.ICANON) == 0
}

func TestATerminalPassesKeysUntilItIsRestored(t *testing.T) {
	terminal := newTerminal(t)
	before := settings(t, terminal)
	_, restore, err := readKeys(terminal)
	if err != nil || !passesKeys(t, terminal) {
		t.Fatal("keys are not passed on", err)
	}
	t.Run("also when the job continues after the shell has restored it", func(t *testing.T) {
		if err := unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, &before); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		for range 500 {
			if passesKeys(t, terminal) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Error("keys are not passed on")
	})
	restore()
	if after := settings(t, terminal); after != before {
		t.Errorf("%+v, want %+v", after, before)
	}
	t.Run("and a file has no keys to set", func(t *testing.T) {
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = null.Close() }()
		if keys, restore, err := readKeys(null); err != nil || keys != null {
			t.Error(keys, err)
		} else {
			restore()
		}
	})
}

func TestTheTerminalOfACommandThatWasKilledIsRestored(t *testing.T) {
	terminal := newTerminal(t)
	before := settings(t, terminal)
	err := keepTerminal(terminal, []string{"sh", "-c", "stty -F " + terminal.Name() + " -icanon -echo && kill -9 $$"})
	var code exitCode
	if !errors.As(err, &code) || code != 128+9 {
		t.Error(err)
	}
	if after := settings(t, terminal); after != before {
		t.Errorf("%+v, want %+v", after, before)
	}
}

// TestACommandEndsWhenThisProcessIsKilled runs itself as that process.
func TestACommandEndsWhenThisProcessIsKilled(t *testing.T) {
	if dir := os.Getenv("DIRECTORY_OF_THE_COMMAND"); dir != "" {
		t.Fatal(runChild([]string{"sh", "-c", "trap '> ended; exit' TERM; > started; while :; do sleep 0.05; done"}, os.Environ(), dir))
	}
	dir := t.TempDir()
	run := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$")
	run.Env = append(os.Environ(), "DIRECTORY_OF_THE_COMMAND="+dir)
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	await := func(name string) {
		t.Helper()
		for range 1000 {
			if exists(filepath.Join(dir, name)) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("the command has not %s", name)
	}
	await("started")
	_ = run.Process.Kill()
	_ = run.Wait()
	await("ended")
}
