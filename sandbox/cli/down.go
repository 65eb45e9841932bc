package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// down stops everything and removes every trace but the tools. The account is
// disposable: what is in it needs no destroying, unless that is to be seen.
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
	unlock, err := interrupt(ctx, l)
	if err != nil {
		return err
	}
	defer unlock()
	if err := stopAll(ctx, l); err != nil {
		return err
	}
	if _, err := deploy.Discard(l); err != nil {
		return err
	}
	for _, path := range []string{l.Run(), l.Data(), l.Socket(), dataplane.Outside(l.Root)} {
		if err := os.RemoveAll(path); err != nil {
			return fmt.Errorf("remove what the sandbox left: %w", err)
		}
	}
	fmt.Println("the sandbox is down; its tools are kept in", l.Root)
	return nil
}

// interrupt takes the lock of the commands that change the sandbox, ending the
// one that holds it.
func interrupt(ctx context.Context, l layout.Layout) (unlock func(), err error) {
	const patience = 5 * time.Second
	signal, deadline := syscall.SIGTERM, time.Now()
	for {
		unlock, err := tryLock(l, "up")
		var held heldError
		if !errors.As(err, &held) {
			return unlock, err
		}
		if time.Now().After(deadline) && held.pid > 0 {
			_, _ = fmt.Fprintf(os.Stderr, "sandbox: ending %s\n", held.by)
			_ = syscall.Kill(held.pid, signal) // it may have ended by itself
			signal, deadline = syscall.SIGKILL, time.Now().Add(patience)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// destroyLimit is several times what a destroy takes here; on AWS a database
// cluster or a function's network interfaces alone may take as long.
const destroyLimit = 20 * time.Minute

// destroyStack runs pulumi destroy, its output to ours.
func destroyStack(ctx context.Context, l layout.Layout, name string) error {
	unlock, err := alone(l)
	if err != nil {
		return err
	}
	defer unlock()
	board, stack, err := open(ctx, l, name)
	if err != nil {
		return err
	}
	board.Close()
	limited, cancel := context.WithTimeout(ctx, destroyLimit)
	defer cancel()
	err = stack.Run(limited, os.Stdout, nil, stack.Args("destroy", "--yes", "--skip-preview")...)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fmt.Errorf("pulumi destroy of stack %s was stopped after %s; above is what it was at, the sandbox still runs: "+
			"look with make status and make logs, or make down without a destroy: %w", name, destroyLimit, err)
	}
	if err != nil {
		return fmt.Errorf("destroy stack %s: %w", name, err)
	}
	return nil
}
