package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// fleetSize is how many instances of a contestant share the work.
const fleetSize = 8

// fleet is instances of one contestant that take work from one place.
type fleet struct {
	work      chan *invocation
	instances []*instance
}

func (b *bench) startFleet(ctx context.Context, c contestant) (*fleet, error) {
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

// each asks for n events, as many at once as there are callers.
func (f *fleet) each(ctx context.Context, callers, n int, event func() []byte) error {
	tickets := make(chan struct{}, n)
	for range n {
		tickets <- struct{}{}
	}
	close(tickets)
	errs := make([]error, callers)
	var asking sync.WaitGroup
	for caller := range callers {
		asking.Go(func() {
			for range tickets {
				if _, errs[caller] = askItem(ctx, f.work, event()); errs[caller] != nil {
					return
				}
			}
		})
	}
	asking.Wait()
	return errors.Join(errs...)
}

// throughput counts the requests per second that a fleet answers while all of
// it is busy. All fleets are up; one at a time works.
func (b *bench) throughput(ctx context.Context) error {
	const parts = 4 // of the whole, in turns
	fleets := map[string]*fleet{}
	for _, c := range b.contestants.warm() {
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
	for range parts {
		for work, event := range b.events() {
			for _, c := range b.contestants.warm() {
				n := b.plan.throughput / parts
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

// events are the requests of each kind of work.
func (b *bench) events() map[string]func() []byte {
	return map[string]func() []byte{
		"hit":   func() []byte { return get("item-1") },
		"miss":  func() []byte { return get(b.parts.fresh()) },
		"write": func() []byte { return put("item-2", itemBody) },
	}
}

// burst asks a fleet a thousand times at once for an item that is in no cache
// and counts in PostgreSQL how often it was read.
func (b *bench) burst(ctx context.Context) error {
	const callers = 1000
	for range b.plan.streams {
		for _, c := range b.contestants.warm() {
			before, err := b.parts.reads(ctx)
			if err != nil {
				return err
			}
			took, err := b.burstOf(ctx, c, callers)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			after, err := b.parts.reads(ctx)
			if err != nil {
				return err
			}
			b.figures.add("burst reads "+c.name, float64(after-before))
			b.figures.add("burst ms "+c.name, microseconds(took)/1e3)
		}
	}
	return nil
}

func (b *bench) burstOf(ctx context.Context, c contestant, callers int) (time.Duration, error) {
	f, err := b.startFleet(ctx, c)
	defer f.stop()
	if err != nil {
		return 0, err
	}
	id := b.parts.fresh()
	began := time.Now()
	err = f.each(ctx, callers, callers, func() []byte { return get(id) })
	return time.Since(began), err
}
