// Command bench measures the function beside what else a team might write: an
// empty aws-lambda-go handler, a plain Go handler with the usual clients, and
// a Node handler. All run as processes under the same Runtime API, on the same
// PostgreSQL, Redis cluster and S3 server, in turns of a few requests, so that
// what else the machine does falls on all alike. It prints two tables: ratios
// against the targets, with their spread over the rounds and the medians of the
// run that docs/reference/benchmarks.md records, and the figures.
//
// Run it with make bench, which starts the servers.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
)

// plan says how much is measured.
type plan struct {
	cold       int // starts of each contestant
	rounds     int // of requests one after the other
	slices     int // turns of each contestant in a round
	slice      int // requests in a turn
	throughput int // requests of each contestant's fleet
	streams    int // reads of each size
}

var (
	whole = plan{cold: 40, rounds: 8, slices: 10, slice: 25, throughput: 2000, streams: 4}
	quick = plan{cold: 15, rounds: 4, slices: 4, slice: 20, throughput: 800, streams: 2}
)

func main() {
	short := flag.Bool("quick", false, "fewer rounds: under three minutes, wider spread")
	flag.Parse()
	chosen := whole
	if *short {
		chosen = quick
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, chosen)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, chosen plan) (err error) {
	earlier, err := readRecord()
	if err != nil {
		return err
	}
	say("building the contestants")
	all, err := buildContestants(ctx)
	if err != nil {
		return err
	}
	say("preparing the servers")
	parts, err := openParts(ctx, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close()) }()
	b := &bench{plan: chosen, contestants: all, parts: parts, figures: figures{}}
	for _, step := range []struct {
		name string
		run  func(context.Context) error
	}{{"cold starts", b.cold}, {"warm requests", b.warm}, {"requests per second", b.throughput}, {"bursts", b.burst}, {"streams", b.stream}} {
		say(step.name)
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	report(os.Stdout, b.figures, earlier)
	return nil
}

func say(what string) { fmt.Fprintln(os.Stderr, "bench:", what) }

// bench is one run.
type bench struct {
	plan        plan
	contestants contestants
	parts       *parts
	figures     figures
}
