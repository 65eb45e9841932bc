// Command sandbox runs the whole stack on one machine: it builds the tools,
// serves the emulated account and deploys the program to it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/cli"
	"github.com/didomi/serverless-api/sandbox/pipeline"
)

func main() {
	if filepath.Base(os.Args[0]) == "rsync" { // called by the pipeline's runner
		if err := pipeline.Rsync(os.Args[1:]); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "rsync:", err)
			os.Exit(1)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
