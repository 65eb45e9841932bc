package cli

import (
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

// The command's own restore does not run then.
func TestMakeDevRestoresTheTerminalOfACommandThatWasKilled(t *testing.T) {
	terminal := newTerminal(t)
	before := settings(t, terminal)
	command := filepath.Join(t.TempDir(), "sandbox")
	if err := os.WriteFile(command, []byte("#!/bin/sh\nstty -icanon -echo\nkill -9 $$\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	// Without the target sandbox, which builds the command.
	run := exec.Command("make", "-C", filepath.Join("..", ".."), "-o", "sandbox", "dev", "SANDBOX="+command)
	run.Env = append(os.Environ(), "MAKEFLAGS=") // not those of a make that runs this test
	run.Stdin, run.Stdout, run.Stderr = terminal, terminal, terminal
	run.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := run.Run(); err == nil {
		t.Error("make reports success")
	}
	if after := settings(t, terminal); after != before {
		t.Errorf("%+v, want %+v", after, before)
	}
}
