package cli

import (
	"context"
	"log/slog"
	"os"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/page"
)

// serve runs the daemon, which up starts in the background.
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
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	return daemon.Serve(ctx, l, *region, page.New(l, log), log)
}
