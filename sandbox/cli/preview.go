package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// preview shows what an up would change, as the Pulumi CLI shows it.
func preview(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("preview")
	name := flags.String("stack", "dev", "the stack to preview")
	none := flags.Bool("expect-no-changes", false, "fail if there are changes")
	diff := flags.Bool("diff", true, "show the changes of every property")
	machine := flags.Bool("json", false, "print JSON with every resource, changed or not, for other tools")
	if err := parse(flags, args); err != nil {
		return err
	}
	unlock, err := lockExclusive(l)
	if err != nil {
		return err
	}
	defer unlock()
	printer, stack, err := open(ctx, l, *name)
	if err != nil {
		return err
	}
	printer.Close()
	more := []string{fmt.Sprintf("--diff=%t", *diff)}
	if *machine {
		more = []string{"--json", "--show-sames"}
	}
	if *none {
		more = append(more, "--expect-no-changes")
	}
	err = stack.Run(ctx, os.Stdout, nil, stack.Args("preview", more...)...)
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exitCode(exit.ExitCode()) // the CLI has printed why
	}
	return err
}
