package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// heldError reports that another command holds a lock.
type heldError struct {
	by  string // shown to the user
	pid int    // 0 if unknown
}

func (e heldError) Error() string { return "another command is running: " + e.by }

func lockFile(l layout.Layout, name string) string { return filepath.Join(l.Root, name+".lock") }

// tryLock takes the sandbox's lock of that name. The kernel releases it when the holder's process ends for any reason.
func tryLock(l layout.Layout, name string) (unlock func(), err error) {
	if err := os.MkdirAll(l.Root, 0o755); err != nil {
		return nil, fmt.Errorf("make %s: %w", l.Root, err)
	}
	file, err := os.OpenFile(lockFile(l, name), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer func() { _ = file.Close() }()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, fmt.Errorf("lock %s: %w", file.Name(), err)
		}
		by, err := io.ReadAll(io.LimitReader(file, 512))
		if err != nil {
			return nil, fmt.Errorf("read the lock: %w", err)
		}
		return nil, holder(string(by))
	}
	// The holder is named to other commands; if this fails, only its name is missing.
	_ = file.Truncate(0)
	_, _ = fmt.Fprintf(file, "%d sandbox %s (since %s)\n", os.Getpid(), strings.Join(os.Args[1:], " "), time.Now().Format("15:04:05"))
	return func() { _ = file.Close() }, nil
}

// holder parses what the holder of a lock wrote to it: its process ID and the text that is shown to the user.
func holder(written string) heldError {
	first, rest, _ := strings.Cut(strings.TrimSpace(written), " ")
	pid, err := strconv.Atoi(first)
	if err != nil {
		return heldError{by: "an unknown process"}
	}
	return heldError{by: fmt.Sprintf("%s, pid %d", rest, pid), pid: pid}
}

// lockExclusive takes the lock of the commands that change the sandbox.
func lockExclusive(l layout.Layout) (unlock func(), err error) {
	unlock, err = tryLock(l, "up")
	var held heldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("%w; wait for it or end it with make down", err)
	}
	return unlock, err
}

// lockWithin takes the lock as soon as it is free. It returns a heldError after the timeout.
func lockWithin(ctx context.Context, l layout.Layout, name string, timeout time.Duration) (unlock func(), err error) {
	for deadline := time.Now().Add(timeout); ; {
		unlock, err := tryLock(l, name)
		var held heldError
		if !errors.As(err, &held) || time.Now().After(deadline) {
			return unlock, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// waitForLock waits until the lock is free and prints which command holds it.
func waitForLock(ctx context.Context, l layout.Layout, name string, printer *progress.Printer) (unlock func(), err error) {
	var task *progress.Task
	for first := true; ; first = false {
		unlock, err := tryLock(l, name)
		var held heldError
		if !errors.As(err, &held) {
			if task != nil {
				task.Done(err)
			}
			return unlock, err
		}
		if task == nil && (held.pid != 0 || !first) { // one that has just taken it writes its name in a moment
			task = printer.Start("waiting for " + held.by)
		}
		select {
		case <-ctx.Done():
			task.Done(ctx.Err())
			return nil, ctx.Err()
		case <-time.After(300 * time.Millisecond):
		}
	}
}
