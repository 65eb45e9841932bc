// Command ops is what people and the pipeline do with a stack beside bringing it up: it reads a
// stack's state or a preview of it, and never an account.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/didomi/serverless-api/ops/audit"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/cost"
	"github.com/didomi/serverless-api/ops/diagram"
	"github.com/didomi/serverless-api/ops/imports"
)

// commands are in the order of the help.
var commands = []command.Command{
	{Name: "audit", Summary: "checks the rules that hold for the whole stack", Run: audit.Run},
	{Name: "cost", Summary: "estimates what a month costs, and what each switch changes", Run: cost.Run},
	{Name: "diagram", Summary: "draws the deployed stack as SVG", Run: diagram.Run},
	{Name: "imports", Summary: "prints how a stack takes over what the seed made", Run: imports.Run},
}

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	io := command.IO{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr}
	return command.Main(ctx, commands, io, os.Args[1:])
}
