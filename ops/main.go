// Command ops is what people and the pipeline do with a stack beside bringing it up: it reads a
// stack's state or a preview of it. A rollout and a rotation alone change something in an account.
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
	"github.com/didomi/serverless-api/ops/drift"
	"github.com/didomi/serverless-api/ops/imports"
	"github.com/didomi/serverless-api/ops/licences"
	"github.com/didomi/serverless-api/ops/note"
	"github.com/didomi/serverless-api/ops/preflight"
	"github.com/didomi/serverless-api/ops/review"
	"github.com/didomi/serverless-api/ops/rollout"
	"github.com/didomi/serverless-api/ops/rotation"
	"github.com/didomi/serverless-api/ops/smoke"
	"github.com/didomi/serverless-api/ops/unlock"
)

// commands are in the order of the help.
var commands = []command.Command{
	{Name: "audit", Summary: "checks the rules that hold for the whole stack", Run: audit.Run},
	{Name: "cost", Summary: "estimates what a month costs, and what each switch changes", Run: cost.Run},
	{Name: "diagram", Summary: "draws the deployed stack as SVG", Run: diagram.Run},
	{Name: "imports", Summary: "prints how a stack takes over what the seed made", Run: imports.Run},
	{Name: "diagnostics", Summary: "shows what a preview says to people", Run: review.Diagnostics},
	{Name: "drift", Summary: "keeps the issue about a stack's drift up to date", Run: drift.Run},
	{Name: "licences", Summary: "lists the licences of an SBOM, and refuses unknown ones", Run: licences.Run},
	{Name: "note", Summary: "posts what the previews would do as a note on the merge request", Run: note.Run},
	{Name: "preflight", Summary: "checks that the account can take what a preview creates", Run: preflight.Run},
	{Name: "reviewed", Summary: "checks that a preview is the one that was reviewed", Run: note.Reviewed},
	{Name: "smoke", Summary: "asks a deployed API whether it works", Run: smoke.Run},
	{Name: "unlock", Summary: "takes away the lock that a killed job left on a stack", Run: unlock.Run},
	{Name: "rollout", Summary: "brings a canary's new version into service, goes back, or prunes old versions", Run: rollout.Run},
	{Name: "rotate-key", Summary: "gives the CI user a new key, where jobs cannot sign in with OIDC", Run: rotation.Run},
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
