// Command ops operates a stack next to Pulumi: it reads a stack's state or a preview of it. Only drill,
// rollout, rotate-key, undelete and unlock change anything in an account.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/didomi/serverless-api/ops/adopt"
	"github.com/didomi/serverless-api/ops/audit"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/cost"
	"github.com/didomi/serverless-api/ops/diagram"
	"github.com/didomi/serverless-api/ops/drift"
	"github.com/didomi/serverless-api/ops/drill"
	"github.com/didomi/serverless-api/ops/imports"
	"github.com/didomi/serverless-api/ops/licences"
	"github.com/didomi/serverless-api/ops/logs"
	"github.com/didomi/serverless-api/ops/note"
	"github.com/didomi/serverless-api/ops/preflight"
	"github.com/didomi/serverless-api/ops/query"
	"github.com/didomi/serverless-api/ops/review"
	"github.com/didomi/serverless-api/ops/rollout"
	"github.com/didomi/serverless-api/ops/rotation"
	"github.com/didomi/serverless-api/ops/smoke"
	"github.com/didomi/serverless-api/ops/status"
	"github.com/didomi/serverless-api/ops/undelete"
	"github.com/didomi/serverless-api/ops/unlock"
)

// commands are in the order of the help.
var commands = []command.Command{
	{Name: "adopt", Summary: "renames project, module and domain, or brings in a later version of the original", Run: adopt.Run},
	{Name: "audit", Summary: "checks rules that concern the stack as a whole", Run: audit.Run},
	{Name: "cost", Summary: "estimates a month's cost, and what each switch changes", Run: cost.Run},
	{Name: "diagram", Summary: "draws the deployed stack as SVG", Run: diagram.Run},
	{Name: "imports", Summary: "prints how a stack imports the resources of the legacy stack", Run: imports.Run},
	{Name: "diagnostics", Summary: "prints a preview's diagnostics", Run: review.Diagnostics},
	{Name: "drill", Summary: "restores the database next to the running one, migrates and compares it, and deletes it", Run: drill.Run},
	{Name: "drift", Summary: "updates the issue about a stack's drift", Run: drift.Run},
	{Name: "licences", Summary: "lists the licences of an SBOM, and rejects unknown ones", Run: licences.Run},
	{Name: "logs", Summary: "prints the lines of one request in all logs, or the last errors", Run: logs.Run},
	{Name: "note", Summary: "posts the previews' changes as a note on the merge request", Run: note.Run},
	{Name: "preflight", Summary: "checks that the account supports what a preview creates", Run: preflight.Run},
	{Name: "reviewed", Summary: "checks that a preview is the one that was reviewed", Run: note.Reviewed},
	{Name: "smoke", Summary: "tests a deployed API", Run: smoke.Run},
	{Name: "sql", Summary: "runs a statement that reads the database, for operators with MFA and a reason", Run: query.Run},
	{Name: "status", Summary: "says what a deployed stack needs: alarms, versions, capacity, drift, certificates, secrets, ends of support. It exits with 1 if anything needs an operator", Run: status.Run},
	{Name: "undelete", Summary: "brings back deleted or replaced files from their versions, and deletes nothing", Run: undelete.Run},
	{Name: "unlock", Summary: "removes the lock that a killed job left on a stack", Run: unlock.Run},
	{Name: "rollout", Summary: "shifts requests to a canary's new version, rolls back, or prunes old versions; the standard input is pulumi stack output --json", Run: rollout.Run},
	{Name: "rotate-key", Summary: "replaces the CI user's access key, where jobs cannot sign in with OIDC; the standard input is pulumi stack output --json", Run: rotation.Run},
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
