// Command bench compares the function with an empty aws-lambda-go handler, a plain Go handler with the usual clients
// and a Node handler. All run as processes under the same Runtime API and use the same PostgreSQL, Redis cluster and
// S3 server. They take turns after a few requests, so that other load on the machine affects all of them alike.
//
// It prints two tables. The first has the ratios with their targets, their spread over the rounds and the medians that
// docs/reference/benchmarks.md records of an earlier run. The second has the figures.
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

// plan is the number of measurements.
type plan struct {
	cold       int // cold starts of each candidate
	rounds     int // rounds of sequential requests
	batches    int // batches of each candidate in a round
	batchSize  int // requests in a batch
	throughput int // requests to each candidate's fleet
	streams    int // reads of each size
}

var (
	full  = plan{cold: 40, rounds: 8, batches: 10, batchSize: 25, throughput: 2000, streams: 4}
	quick = plan{cold: 15, rounds: 4, batches: 4, batchSize: 20, throughput: 800, streams: 2}
)

func main() {
	short := flag.Bool("quick", false, "fewer rounds: under three minutes, wider spread")
	flag.Parse()
	chosen := full
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
	say("building the candidates")
	all, err := buildCandidates(ctx)
	if err != nil {
		return err
	}
	say("preparing the servers")
	servers, err := openServers(ctx, all)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.close()) }()
	b := &bench{plan: chosen, candidates: all, servers: servers, figures: figures{}}
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

// bench is one run of the benchmark.
type bench struct {
	plan       plan
	candidates candidates
	servers    *servers
	figures    figures
}
