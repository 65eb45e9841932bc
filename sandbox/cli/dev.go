package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/dev"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// develop runs the development loop on a stack, which it brings up first if it is not.
func develop(ctx context.Context, l layout.Layout, args []string) error {
	o, err := parseDevelop(l, args)
	if err != nil {
		return err
	}
	if isTerminal(os.Stdin) && os.Getenv(supervised) == "" {
		return keepTerminal(os.Stdin, append([]string{"/proc/self/exe"}, os.Args[1:]...))
	}
	unlock, err := tryLock(l, "dev-"+o.stack)
	var held heldError
	if errors.As(err, &held) {
		return fmt.Errorf("stack %s has a development loop already: %s", o.stack, held.by)
	}
	if err != nil {
		return err
	}
	defer unlock()
	config := o.config(l)
	if o.debug {
		if config.Debugger, err = debugger(ctx, l, o.debugger); err != nil {
			return err
		}
	}
	if err := ensureStack(ctx, l, o.stack); err != nil {
		return err
	}
	keys, restore, err := readKeys(os.Stdin)
	if err != nil {
		return err
	}
	defer restore()
	config.Keys = keys
	return dev.Run(ctx, config)
}

// developOptions are the flags of the command.
type developOptions struct {
	stack string
	// tree is the absolute path of the working tree.
	tree  string
	debug bool
	// debugger is the address of Delve.
	debugger string
}

func parseDevelop(l layout.Layout, args []string) (o developOptions, err error) {
	flags := newFlags("dev")
	flags.StringVar(&o.stack, "stack", "dev", "the stack to work on")
	flags.BoolVar(&o.debug, "debug", false, "run the API's function under the debugger Delve")
	flags.StringVar(&o.tree, "tree", l.Repo, "the working tree to watch, such as another worktree of the repository")
	flags.StringVar(&o.debugger, "debugger", "127.0.0.1:2345", "where Delve listens with --debug")
	if err := parse(flags, args); err != nil {
		return o, err
	}
	if o.tree, err = filepath.Abs(o.tree); err != nil {
		return o, fmt.Errorf("find the working tree: %w", err)
	}
	return o, nil
}

// config is the development loop in the sandbox of l, on the program of the options' tree.
func (o developOptions) config(l layout.Layout) dev.Config {
	watched := l
	watched.Repo = o.tree
	return dev.Config{
		Layout: l, Tree: watched.Repo, Stack: o.stack, Out: os.Stdout, Coloured: dev.Coloured(isTerminal(os.Stdout), os.Getenv),
		Check:   func(ctx context.Context, log io.Writer) error { return build.Program(ctx, watched, log) },
		Preview: func(ctx context.Context) ([]byte, error) { return previewJSON(ctx, watched, o.stack) },
		Update:  func(ctx context.Context, report func(string)) error { return update(ctx, watched, o.stack, report) },
	}
}

// debugger builds Delve and returns how the function runs under it.
func debugger(ctx context.Context, l layout.Layout, address string) (*lambdahost.Debugger, error) {
	at, err := netip.ParseAddrPort(address)
	if err != nil || !at.Addr().IsLoopback() {
		return nil, fmt.Errorf("--debugger %s: must be a port of a loopback address, such as 127.0.0.1:2345", address)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("the debugger cannot listen on --debugger %s: %w", address, err)
	}
	_ = listener.Close() // the debugger opens it
	step := build.Delve(l)
	if err := makeTools(ctx, l, []build.Step{step}); err != nil {
		return nil, err
	}
	return &lambdahost.Debugger{Program: step.Outputs[0], Address: address}, nil
}

// ensureStack deploys the stack if it is not up.
func ensureStack(ctx context.Context, l layout.Layout, name string) error {
	return deployOnce(ctx, l,
		func() (bool, error) { return isUp(ctx, l, name) },
		func() error { return deployAndShow(ctx, l, name) })
}

// isUp reports whether the running sandbox has the stack.
func isUp(ctx context.Context, l layout.Layout, name string) (bool, error) {
	report, err := daemon.Ask(ctx, l)
	if errors.Is(err, daemon.ErrNotRunning) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	outputs, err := deploy.ReadOutputs(l, name)
	return err == nil && outputs.Generation == report.Generation, nil
}

// deployOnce deploys what is not up as soon as no other command changes the sandbox, such as the development loop of
// another stack, which may have started at the same time.
func deployOnce(ctx context.Context, l layout.Layout, isUp func() (bool, error), deploy func() error) error {
	if up, err := isUp(); up || err != nil {
		return err
	}
	printer := progress.New(os.Stderr)
	unlock, err := waitForLock(ctx, l, "up", printer)
	printer.Close()
	if err != nil {
		return err
	}
	defer unlock()
	if up, err := isUp(); up || err != nil {
		return err
	}
	return deploy()
}

// openDeployed opens a deployed stack for a run of the CLI, with the stack file as it is now. It waits until no other
// command changes the sandbox.
func openDeployed(ctx context.Context, l layout.Layout, name string) (_ *deploy.Stack, unlock func(), err error) {
	printer := progress.New(os.Stderr)
	defer printer.Close()
	release, err := waitForLock(ctx, l, "up", printer)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			release()
		}
	}()
	if err := makeTools(ctx, l, build.All(l)); err != nil {
		return nil, nil, err
	}
	if err := build.ClearProgram(ctx, l); err != nil {
		return nil, nil, err
	}
	report, err := daemon.Ask(ctx, l)
	if err != nil {
		return nil, nil, err
	}
	base, err := deploy.ReadBase(l)
	if err != nil {
		return nil, nil, err
	}
	stack, err := deploy.Open(ctx, l, name, report, base)
	return stack, release, err
}

// previewJSON previews a deployed stack without a refresh: only the sandbox changes its account.
func previewJSON(ctx context.Context, l layout.Layout, name string) ([]byte, error) {
	stack, unlock, err := openDeployed(ctx, l, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var out bytes.Buffer
	err = stack.Run(ctx, &out, nil, stack.Args("preview", "--json", "--show-sames", "--refresh=false")...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return out.Bytes(), nil // the JSON says why
	}
	return out.Bytes(), err
}

// updateInterval is the time between two reports of an update.
const updateInterval = 5 * time.Second

// update deploys a stack that is up.
func update(ctx context.Context, l layout.Layout, name string, report func(string)) error {
	stack, unlock, err := openDeployed(ctx, l, name)
	if err != nil {
		return err
	}
	defer unlock()
	last := time.Now()
	result, err := stack.Up(ctx, func(p *deploy.Progress) {
		if p.Done > 0 && time.Since(last) > updateInterval {
			last = time.Now()
			report(p.String())
		}
	})
	if err != nil {
		return deploymentError(stack, result, err)
	}
	_, err = stack.WriteOutputs(ctx)
	return err
}
