package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// stopTimeout bounds the end of a daemon and its children.
const stopTimeout = 30 * time.Second

// ensureAccount returns the report of a daemon with a usable account: the running one, or a new one with an empty
// account.
func ensureAccount(ctx context.Context, l layout.Layout, region string, printer *progress.Printer) (daemon.Report, error) {
	report, err := daemon.Ask(ctx, l)
	running := err == nil
	if err != nil && !errors.Is(err, daemon.ErrNotRunning) {
		printer.Printf("the running sandbox does not respond (%v)", err)
	}
	killed, err := deploy.Killed(l)
	if err != nil {
		return report, err
	}
	reason := restartReason(running, report, killed)
	if running && reason == "" {
		_, err := child.KillMarked(ctx, l.Root, report.PID) // what a killed command left running next to the daemon
		return report, err
	}
	if err := stopAll(ctx, l); err != nil {
		return report, err
	}
	found, err := deploy.Discard(l)
	if err != nil {
		return report, err
	}
	if found && reason == "" {
		reason = "the earlier sandbox and its account are gone"
	}
	if reason != "" {
		printer.Printf("%s: starting over from an empty account", reason)
	}
	return startDaemon(ctx, l, region, printer)
}

// restartReason returns why account and state cannot be used any more, "" if they can.
func restartReason(running bool, report daemon.Report, killed []string) string {
	if len(killed) > 0 {
		return "an earlier run of stack " + strings.Join(killed, ", ") + " was killed before it ended"
	}
	if !running || report.Healthy {
		return ""
	}
	for _, part := range report.Parts {
		if part.Health != "ok" {
			return fmt.Sprintf("%s %s of the running sandbox is broken (%s)", part.Kind, part.Name, part.Health)
		}
	}
	return "the running sandbox is broken"
}

func startDaemon(ctx context.Context, l layout.Layout, region string, printer *progress.Printer) (report daemon.Report, err error) {
	task := printer.Start("the emulated account")
	defer func() { task.Done(err) }()
	program, err := os.Executable()
	if err != nil {
		return report, fmt.Errorf("find the sandbox command itself: %w", err)
	}
	return daemon.Start(ctx, l, program, region)
}

// stopAll stops the daemon first, then every process that is left.
func stopAll(ctx context.Context, l layout.Layout) error {
	ctx, cancel := context.WithTimeout(ctx, stopTimeout)
	defer cancel()
	report, err := daemon.Ask(ctx, l)
	if err == nil {
		err = daemon.Stop(ctx, l, report.PID)
	}
	if err != nil && !errors.Is(err, daemon.ErrNotRunning) {
		_, _ = fmt.Fprintf(os.Stderr, "sandbox: the daemon does not stop (%v); killing it\n", err)
	}
	killing, cancelKilling := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancelKilling()
	_, err = child.KillMarked(killing, l.Root, 0)
	return err
}
