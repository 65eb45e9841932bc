package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// up deploys a stack, with everything that it needs built and started first.
func up(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("up")
	name := flags.String("stack", "dev", "the stack to deploy")
	if err := parse(flags, args); err != nil {
		return err
	}
	unlock, err := alone(l)
	if err != nil {
		return err
	}
	defer unlock()
	board, stack, err := open(ctx, l, *name)
	if err != nil {
		return err
	}
	defer board.Close()
	if err := deployStack(ctx, stack, board); err != nil {
		return err
	}
	task := board.Start("outputs")
	outputs, err := stack.WriteOutputs(ctx)
	task.End(err)
	if err != nil {
		return err
	}
	board.Say("stack %s is up", stack.Name)
	fmt.Printf("url      %s\noutputs  %s\n", outputs.URL, deploy.OutputsFile(l, ""))
	if outputs.APIKey != "" {
		fmt.Println("         requests carry the header x-api-key with the outputs' apiKey")
	}
	return nil
}

// alone takes the lock of the commands that change the sandbox.
func alone(l layout.Layout) (unlock func(), err error) {
	unlock, err = tryLock(l, "up")
	var held heldError
	if errors.As(err, &held) {
		return nil, fmt.Errorf("%w; wait for it, or end it with make down", err)
	}
	return unlock, err
}

// open brings a stack to where the Pulumi CLI can work on it: tools built,
// account served, stack made. The caller closes the board.
func open(ctx context.Context, l layout.Layout, name string) (_ *progress.Board, _ *deploy.Stack, err error) {
	_, region, err := deploy.ReadStack(l, name)
	if err != nil {
		return nil, nil, err
	}
	if err := makeTools(ctx, l, build.All(l)); err != nil {
		return nil, nil, err
	}
	compiled := compile(ctx, l)
	defer func() { <-compiled }()
	board := progress.New(os.Stderr)
	defer func() {
		if err != nil {
			board.Close()
		}
	}()
	report, err := ensureAccount(ctx, l, region, board)
	if err != nil {
		return nil, nil, err
	}
	base, err := bootstrap(ctx, l, report, region, board)
	if err != nil {
		return nil, nil, err
	}
	stack, err := deploy.Open(ctx, l, name, report, base)
	return board, stack, err
}

// compile has the program compiled while the account is looked after; closed
// when done. Should it not compile, the CLI will say why.
func compile(ctx context.Context, l layout.Layout) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = build.Program(ctx, l, io.Discard)
	}()
	return done
}

// bootstrap makes the place of the state in a new account.
func bootstrap(ctx context.Context, l layout.Layout, report daemon.Report, region string, board *progress.Board) (base deploy.Base, err error) {
	base, err = deploy.ReadBase(l)
	if !errors.Is(err, deploy.ErrNoBase) {
		return base, err
	}
	task := board.Start("bootstrap: the state's bucket and key")
	defer func() { task.End(err) }()
	return deploy.Bootstrap(ctx, l, report, region)
}

// deployStack runs pulumi up and shows how far it is, or why it failed.
func deployStack(ctx context.Context, stack *deploy.Stack, board *progress.Board) error {
	task := board.Start("pulumi up of " + stack.Name)
	task.Detail("compiling the program")
	result, err := stack.Up(ctx, func(p *deploy.Progress) {
		if p.Done > 0 {
			task.Detail("%s", p)
		}
	})
	task.End(err)
	if err == nil {
		return nil
	}
	if result != nil {
		for _, problem := range result.Errors {
			_, _ = fmt.Fprintln(os.Stderr, problem)
		}
	}
	return fmt.Errorf("stack %s: %w; whole log: %s", stack.Name, err, stack.Log())
}
