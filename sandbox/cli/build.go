package cli

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

func buildTools(ctx context.Context, l layout.Layout, args []string) error {
	steps := build.All(l)
	switch {
	case len(args) == 1 && args[0] == "servers":
		steps = build.Servers(l)
	case len(args) == 1 && args[0] == "browser":
		steps = []build.Step{build.Node(l), build.Browser(l)}
	case len(args) != 0:
		return fmt.Errorf("the arguments of build are %q; must be none, servers or browser", args)
	}
	return makeTools(ctx, l, steps)
}

// makeTools builds the steps that are not up to date. One sandbox command at a time builds.
func makeTools(ctx context.Context, l layout.Layout, steps []build.Step) error {
	if err := build.Prerequisites(ctx); err != nil {
		return err
	}
	printer := progress.New(os.Stderr)
	defer printer.Close()
	unlock, err := waitForLock(ctx, l, "build", printer)
	if err != nil {
		return err
	}
	defer unlock()
	if err := build.Clear(ctx, l); err != nil {
		return err
	}
	return build.Run(ctx, l, printer, steps, func(ctx context.Context, step build.Step) error { return inUse(ctx, l, step) })
}

// inUse returns an error while a running sandbox has its servers from the step's outputs.
func inUse(ctx context.Context, l layout.Layout, step build.Step) error {
	if _, err := daemon.Ask(ctx, l); errors.Is(err, daemon.ErrNotRunning) {
		return nil
	}
	return fmt.Errorf("%s must be installed again, because their pinned versions or python3 have changed, but the running sandbox uses them: "+
		"make down ends it with its account; make up then installs them", step.Title)
}
