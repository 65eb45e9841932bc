package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/faults"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// fail lets a part of a stack fail, ends that, or shows what fails.
func fail(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("fail")
	var spec faults.Spec
	flags.StringVar(&spec.Stack, "stack", "dev", "the stack whose function is affected")
	flags.StringVar(&spec.Part, "part", "", "the dependency that fails: "+strings.Join(faults.Parts(), ", "))
	flags.StringVar(&spec.How, "how", "", "how it fails: "+strings.Join(faults.AllHows(), ", "))
	latency := flags.String("latency", "", "latency of each reply with --how slow (default "+faults.DefaultLatency.String()+")")
	if err := parse(flags, args); err != nil {
		return err
	}
	if spec.Part == "" && spec.How == "" && *latency == "" {
		return showFaults(ctx, l)
	}
	if err := checkFault(&spec, *latency); err != nil {
		return err
	}
	if err := daemon.Fail(ctx, l, spec); err != nil {
		return err
	}
	report, err := daemon.Ask(ctx, l)
	if err != nil {
		return err
	}
	printFaults(report.Faults)
	return nil
}

// checkFault reads the latency and reports all invalid values at once, whether a sandbox runs or not.
func checkFault(spec *faults.Spec, latency string) error {
	var wrong error
	if latency != "" {
		parsed, err := time.ParseDuration(latency)
		if err != nil || parsed == 0 {
			wrong = fmt.Errorf("LATENCY=%s: must be a duration above 0s, such as %s", latency, faults.DefaultLatency)
			parsed = 0
		}
		spec.Latency = parsed
	}
	normal, err := spec.Normalize()
	if err := errors.Join(wrong, err); err != nil {
		return err
	}
	*spec = normal
	return nil
}

// showFaults prints the active faults and how to start and end one.
func showFaults(ctx context.Context, l layout.Layout) error {
	report, err := daemon.Ask(ctx, l)
	switch {
	case errors.Is(err, daemon.ErrNotRunning):
		fmt.Println(err)
	case err != nil:
		return err
	default:
		printFaults(report.Faults)
	}
	fmt.Printf(`
make fail PART=%s HOW=%s [STACK=dev] [LATENCY=%s]
make fail HOW=%s    ends all faults of the stack

%-10s connections are reset, current and new ones
%-10s each reply is late by LATENCY; a LATENCY above the function's timeouts makes the part silent
%-10s every second request fails: of the database and the cache after it was carried out, of files and secrets
           throttled; of a cache with several shards, every second shard is down
%-10s too many connections (database, cache), or all requests throttled (files, secrets)
%-10s only PART=database: writes are rejected, as by a reader
%-10s only PART=database: another session has locked the tables against writes
%-10s only PART=cache: a shard moves to another address at once; there is nothing to end
%-10s ends the fault
`, strings.Join(faults.Parts(), "|"), strings.Join(faults.AllHows(), "|"), faults.DefaultLatency, faults.OK,
		faults.Down, faults.Slow, faults.Half, faults.Full, faults.ReadOnly, faults.Locked, faults.Failover, faults.OK)
	return nil
}

func printFaults(active []faults.Active) {
	if len(active) == 0 {
		fmt.Println("nothing fails")
	}
	for _, fault := range active {
		fmt.Println(describe(fault, time.Now()))
	}
}

// describe describes a fault: what fails, how, since when and how to end it.
func describe(fault faults.Active, now time.Time) string {
	how := fault.How
	if fault.How == faults.Slow {
		how += " (" + fault.Latency.String() + " a reply)"
	}
	return fmt.Sprintf("FAILING: %s of stack %s is %s since %s (%s): make fail STACK=%s PART=%s HOW=%s ends it",
		fault.Part, fault.Stack, how, fault.Since.Local().Format(time.TimeOnly), progress.Duration(now.Sub(fault.Since)), fault.Stack, fault.Part, faults.OK)
}

// warnOfFaults prints the active faults before a deployment, which they do not affect: they apply to the API's function
// only.
func warnOfFaults(ctx context.Context, l layout.Layout, printer *progress.Printer) {
	report, err := daemon.Ask(ctx, l)
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "sandbox: cannot tell what fails:", err) // the deployment reports more
		return
	}
	for _, fault := range report.Faults {
		printer.Printf("%s", describe(fault, time.Now()))
	}
}
