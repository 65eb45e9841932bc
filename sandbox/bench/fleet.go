package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// fleetSize is the number of processes in a fleet.
const fleetSize = 8

// fleet is a group of processes of one candidate with one queue.
type fleet struct {
	work      chan *invocation
	instances []*instance
}

func (b *bench) startFleet(ctx context.Context, c candidate) (*fleet, error) {
	f := &fleet{work: make(chan *invocation)}
	for range fleetSize {
		i, err := b.launch(c, f.work)
		if err != nil {
			return f, err
		}
		f.instances = append(f.instances, i)
	}
	for _, i := range f.instances {
		if _, err := i.ready(ctx); err != nil {
			return f, err
		}
	}
	return f, nil
}

func (f *fleet) stop() {
	for _, i := range f.instances {
		i.stop()
	}
}

// each sends n events with that many concurrent callers.
func (f *fleet) each(ctx context.Context, callers, n int, event func() []byte) error {
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	errs := make([]error, callers)
	var running sync.WaitGroup
	for caller := range callers {
		running.Go(func() {
			for range tickets {
				if _, errs[caller] = askItem(ctx, f.work, event()); errs[caller] != nil {
					return
				}
			}
		})
	}
	running.Wait()
	return errors.Join(errs...)
}

// throughput measures the requests per second of a fully busy fleet. All fleets are running; one at a time is used.
func (b *bench) throughput(ctx context.Context) error {
	const rounds = 4 // of all candidates in turn
	fleets := map[string]*fleet{}
	for _, c := range b.candidates.warm() {
		f, err := b.startFleet(ctx, c)
		defer f.stop()
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		fleets[c.name] = f
		if err := f.each(ctx, fleetSize, warmUp, b.events()["hit"]); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
	}
	for range rounds {
		for work, event := range b.events() {
			for _, c := range b.candidates.warm() {
				n := b.plan.throughput / rounds
				began := time.Now()
				if err := fleets[c.name].each(ctx, fleetSize, n, event); err != nil {
					return fmt.Errorf("%s of %s: %w", work, c.name, err)
				}
				b.figures.add(work+" per second "+c.name, float64(n)/time.Since(began).Seconds())
			}
		}
	}
	return nil
}

// events returns a function for each kind of request.
func (b *bench) events() map[string]func() []byte {
	return map[string]func() []byte{
		"hit":   func() []byte { return get("item-1") },
		"miss":  func() []byte { return get(b.servers.fresh()) },
		"write": func() []byte { return put("item-2", itemBody) },
	}
}

// burst sends a fleet 1,000 concurrent requests for an item that is not cached and counts its reads in PostgreSQL.
func (b *bench) burst(ctx context.Context) error {
	const callers = 1000
	for range b.plan.streams {
		for _, c := range b.candidates.warm() {
			before, err := b.servers.reads(ctx)
			if err != nil {
				return err
			}
			took, err := b.burstOf(ctx, c, callers)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			after, err := b.servers.reads(ctx)
			if err != nil {
				return err
			}
			b.figures.add("burst reads "+c.name, float64(after-before))
			b.figures.add("burst ms "+c.name, microseconds(took)/1e3)
		}
	}
	return nil
}

func (b *bench) burstOf(ctx context.Context, c candidate, callers int) (time.Duration, error) {
	f, err := b.startFleet(ctx, c)
	defer f.stop()
	if err != nil {
		return 0, err
	}
	id := b.servers.fresh()
	began := time.Now()
	err = f.each(ctx, callers, callers, func() []byte { return get(id) })
	return time.Since(began), err
}
