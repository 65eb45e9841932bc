package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/sys/unix"
)

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// readKeys sets a terminal to deliver each key when it is pressed, without echo. Ctrl-C still sends SIGINT. restore
// resets the terminal. If f is no terminal, readKeys changes nothing. It reads nothing from a terminal that another job of
// the shell uses, because that would stop this job.
func readKeys(f *os.File) (keys io.Reader, restore func(), err error) {
	before, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if errors.Is(err, unix.ENOTTY) || errors.Is(err, unix.ENODEV) || errors.Is(err, unix.EINVAL) {
		return f, func() {}, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("read the terminal's settings: %w", err)
	}
	if !inForeground(f) {
		return strings.NewReader(""), func() {}, nil
	}
	single := *before
	single.Lflag &^= unix.ICANON | unix.ECHO
	single.Cc[unix.VMIN], single.Cc[unix.VTIME] = 1, 0
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &single); err != nil {
		return nil, nil, fmt.Errorf("set the terminal: %w", err)
	}
	// When Ctrl-Z stops the job, a shell resets the terminal, and leaves it so when the job continues.
	continued, ended := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(continued, unix.SIGCONT)
	go func() {
		defer close(ended)
		for range continued {
			if inForeground(f) {
				_ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, &single) // without it, keys need Enter
			}
		}
	}()
	return f, func() {
		signal.Stop(continued)
		close(continued)
		<-ended
		_ = unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, before)
	}, nil
}

// supervised is set in the environment of a command that keepTerminal runs.
const supervised = "SANDBOX_SUPERVISED"

// keepTerminal runs a command like runChild and restores the terminal after it, also if it crashes or is killed. If this
// process is killed, the command gets SIGTERM and restores the terminal itself.
func keepTerminal(terminal *os.File, args []string) error {
	before, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		return fmt.Errorf("read the terminal's settings: %w", err)
	}
	err = runChild(args, append(os.Environ(), supervised+"=1"), "")
	if inForeground(terminal) {
		_ = unix.IoctlSetTermios(int(terminal.Fd()), unix.TCSETS, before) // the command's end has a reason of its own
	}
	return err
}

// inForeground reports whether this job of the shell is the one that uses the terminal.
func inForeground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err != nil || group == unix.Getpgrp()
}
