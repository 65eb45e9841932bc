package cli

import (
	"context"
	"errors"
	"io"
	"os"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// open prepares a stack for the Pulumi CLI: it builds the tools, serves the account and creates the stack. The caller
// closes the printer.
func open(ctx context.Context, l layout.Layout, name string) (_ *progress.Printer, _ *deploy.Stack, err error) {
	_, region, err := deploy.ReadStack(l, name)
	if err != nil {
		return nil, nil, err
	}
	if err := checkPorts(ctx, l); err != nil {
		return nil, nil, err
	}
	if err := makeTools(ctx, l, build.All(l)); err != nil {
		return nil, nil, err
	}
	if err := build.ClearProgram(ctx, l); err != nil {
		return nil, nil, err
	}
	compiled := compile(ctx, l)
	defer func() { <-compiled }()
	printer := progress.New(os.Stderr)
	defer func() {
		if err != nil {
			printer.Close()
		}
	}()
	report, err := ensureAccount(ctx, l, region, printer)
	if err != nil {
		return nil, nil, err
	}
	base, err := bootstrap(ctx, l, report, region, printer)
	if err != nil {
		return nil, nil, err
	}
	stack, err := deploy.Open(ctx, l, name, report, base)
	return printer, stack, err
}

// checkPorts reports all ports in use before anything is built. It ends processes of an earlier sandbox whose daemon is
// gone.
func checkPorts(ctx context.Context, l layout.Layout) error {
	if _, err := daemon.Ask(ctx, l); !errors.Is(err, daemon.ErrNotRunning) {
		return nil // ensureAccount checks whether it is usable
	}
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	if _, err := child.KillMarked(ctx, l.Root, 0); err != nil {
		return err
	}
	return daemon.CheckPorts(l)
}

// compile compiles the program while the account starts, and closes the channel when done. If it does not compile, the
// CLI reports why.
func compile(ctx context.Context, l layout.Layout) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = build.Program(ctx, l, io.Discard)
	}()
	return done
}

// bootstrap creates the bucket and key of the state in a new account.
func bootstrap(ctx context.Context, l layout.Layout, report daemon.Report, region string, printer *progress.Printer) (base deploy.Base, err error) {
	base, err = deploy.ReadBase(l)
	if !errors.Is(err, deploy.ErrNoBase) {
		return base, err
	}
	task := printer.Start("bootstrap: the state's bucket and key")
	defer func() { task.Done(err) }()
	return deploy.Bootstrap(ctx, l, report, region)
}
