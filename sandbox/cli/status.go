package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// status prints each process with its address, health and start time.
func status(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("status")
	asJSON := flags.Bool("json", false, "as JSON")
	if err := parse(flags, args); err != nil {
		return err
	}
	report, err := daemon.Ask(ctx, l)
	if errors.Is(err, daemon.ErrNotRunning) {
		fmt.Println("the sandbox is not running; make up starts it")
		return nil
	}
	if err != nil {
		return err
	}
	// The keys are in outputs.json; a status may be shared.
	report.AccessKeyID, report.SecretAccessKey = "", ""
	if *asJSON {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	return table(os.Stdout, report, time.Now())
}

// table writes one line for each part.
func table(out io.Writer, report daemon.Report, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "PART\tADDRESS\tPID\tHEALTH\tUP\tMEMORY")
	for _, part := range report.Parts {
		name, addr := part.Kind, part.Addr
		if part.Name != "" {
			name += " " + part.Name
		}
		if part.Plain != "" {
			addr += " (without TLS " + part.Plain + ")"
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%d MiB\n",
			name, addr, part.PID, part.Health, progress.Duration(now.Sub(part.Since)), part.Memory>>20)
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	if _, err := fmt.Fprintln(out, "PAGE:", report.Page); err != nil {
		return fmt.Errorf("write the status: %w", err)
	}
	for _, part := range report.Parts {
		if part.Restarts.Count == 0 {
			continue
		}
		if _, err := fmt.Fprintln(out, describeRestarts(part)); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	for _, fault := range report.Faults {
		if _, err := fmt.Fprintln(out, describe(fault, now)); err != nil {
			return fmt.Errorf("write the status: %w", err)
		}
	}
	return nil
}

// describeRestarts describes how often and when the daemon has restarted a server, and why.
func describeRestarts(part daemon.Part) string {
	times := fmt.Sprintf("%d times, last", part.Restarts.Count)
	if part.Restarts.Count == 1 {
		times = "once"
	}
	return fmt.Sprintf("RESTARTED: %s %s at %s (exit: %s)",
		strings.TrimSpace(part.Kind+" "+part.Name), times, part.Restarts.Last.Local().Format(time.TimeOnly), part.Restarts.Exit)
}
