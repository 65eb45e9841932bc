package cli

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// serve is the daemon: up starts it in the background.
func serve(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("serve")
	region := flags.String("region", "eu-west-1", "the emulated account's region")
	if err := parse(flags, args); err != nil {
		return err
	}
	unlock, err := tryLock(l, "daemon")
	if err != nil {
		return err
	}
	defer unlock()
	return daemon.Serve(ctx, l, *region, slog.New(slog.NewTextHandler(os.Stderr, nil)))
}

// newFlags are a command's flags; errors and help go to standard error.
func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet("sandbox "+name, flag.ContinueOnError)
}

// parse reads a command's flags; nothing else may be left.
func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitCode(0)
	}
	if err != nil {
		return exitCode(2) // said already
	}
	if flags.NArg() > 0 {
		return errors.New(flags.Name() + " takes no " + flags.Arg(0))
	}
	return nil
}
