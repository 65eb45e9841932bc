package cli

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/pipeline"
)

// down stops everything and removes all files but the tools. The account is disposable: its resources need no destroy,
// unless the destroy itself is to be tested.
func down(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("down")
	destroy := flags.String("destroy", "", "have pulumi destroy this stack first, as on a real account")
	if err := parse(flags, args); err != nil {
		return err
	}
	if *destroy != "" {
		if err := destroyStack(ctx, l, *destroy); err != nil {
			return err
		}
	}
	unlock, err := seizeLock(ctx, l)
	if err != nil {
		return err
	}
	defer unlock()
	if err := stopAll(ctx, l); err != nil {
		return err
	}
	if err := endBuild(ctx, l); err != nil {
		return err
	}
	if _, err := deploy.Discard(l); err != nil {
		return err
	}
	if err := removeTraces(l); err != nil {
		return err
	}
	fmt.Println("the sandbox is down; its tools are kept in", l.Root)
	return nil
}

// removeTraces deletes the secrets, data, logs and packages of the sandbox and its stacks, but not the tools.
func removeTraces(l layout.Layout) error {
	traces := []string{l.Run(), l.Data(), l.Temp(), pipeline.ProjectDir(l)}
	// The function's packages, by hash, of every edit that was tried.
	packages, err := filepath.Glob(filepath.Join(l.Repo, ".build", strings.Repeat("[0-9a-f]", 2*sha256.Size)))
	if err != nil {
		return fmt.Errorf("find the function's packages: %w", err)
	}
	for _, path := range append(traces, packages...) {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what the sandbox left: %w", err)
		}
	}
	if err := dataplane.RemoveOutside(l.Root); err != nil {
		return fmt.Errorf("remove what PostgreSQL left: %w", err)
	}
	return nil
}

// endBuild ends the processes that a killed build or deployment has left, but no build that a command still waits for.
func endBuild(ctx context.Context, l layout.Layout) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if err := build.ClearProgram(ctx, l); err != nil {
		return err
	}
	unlock, err := tryLock(l, "build")
	var held heldError
	if errors.As(err, &held) {
		_, _ = fmt.Fprintf(os.Stderr, "sandbox: %s is still building tools and continues\n", held.by)
		return nil
	}
	if err != nil {
		return err
	}
	defer unlock()
	return errors.Join(build.Clear(ctx, l), os.RemoveAll(l.BuildTemp()))
}

// seizeLock takes the lock of the commands that change the sandbox, and ends the command that holds it.
func seizeLock(ctx context.Context, l layout.Layout) (unlock func(), err error) {
	const (
		toNameItself = 200 * time.Millisecond // a command that has just started
		toEnd        = 5 * time.Second        // after SIGTERM, and again after SIGKILL
	)
	for _, try := range []struct {
		timeout time.Duration
		signal  syscall.Signal
	}{{toNameItself, syscall.SIGTERM}, {toEnd, syscall.SIGKILL}} {
		unlock, err := lockWithin(ctx, l, "up", try.timeout)
		var held heldError
		if !errors.As(err, &held) {
			return unlock, err
		}
		if held.pid == 0 {
			return nil, fmt.Errorf("%w: end it manually (fuser %s)", err, lockFile(l, "up"))
		}
		_, _ = fmt.Fprintf(os.Stderr, "sandbox: ending %s\n", held.by)
		if err := syscall.Kill(held.pid, try.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return nil, fmt.Errorf("end %s: %w", held.by, err)
		}
	}
	if unlock, err = lockWithin(ctx, l, "up", toEnd); err != nil {
		return nil, fmt.Errorf("it was killed but has not ended: %w", err)
	}
	return unlock, nil
}

// destroyLimit is several times the duration of a destroy in the sandbox; on AWS a database cluster or a function's
// network interfaces alone may take as long.
const destroyLimit = 20 * time.Minute

// destroyStack runs pulumi destroy and prints its output.
func destroyStack(ctx context.Context, l layout.Layout, name string) error {
	unlock, err := lockExclusive(l)
	if err != nil {
		return err
	}
	defer unlock()
	printer, stack, err := open(ctx, l, name)
	if err != nil {
		return err
	}
	printer.Close()
	limited, cancel := context.WithTimeout(ctx, destroyLimit)
	defer cancel()
	// The flag that allows the deletion of data takes effect once the program has run with it.
	if err := stack.Run(limited, os.Stdout, nil, stack.Args("config", "set", "--path", stack.Project+":data.allowDeletion", "true")...); err != nil {
		return fmt.Errorf("allow the deletion of the data of stack %s: %w", name, err)
	}
	err = stack.Run(limited, os.Stdout, nil, stack.Args("destroy", "--run-program", "--yes", "--skip-preview")...)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("pulumi destroy of stack %s was stopped after %s; its last steps are printed above and the sandbox still runs: "+
			"see make status and make logs, or run make down without a destroy: %w", name, destroyLimit, err)
	}
	if err != nil {
		return fmt.Errorf("destroy stack %s: %w", name, err)
	}
	return nil
}
