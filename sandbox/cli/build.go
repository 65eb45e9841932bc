package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

func buildTools(ctx context.Context, l layout.Layout, args []string) error {
	steps := build.All(l)
	switch {
	case len(args) == 1 && args[0] == "servers":
		steps = build.Servers(l)
	case len(args) != 0:
		return fmt.Errorf("build takes nothing or the word servers, not %q", args)
	}
	return makeTools(ctx, l, steps)
}

// makeTools makes what of the steps is not made yet, one sandbox command at a
// time.
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
	return build.Run(ctx, l, printer, steps)
}
