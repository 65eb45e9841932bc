// Command sandbox runs the whole stack on one machine: it builds the tools,
// serves the emulated account and deploys the program to it.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}
