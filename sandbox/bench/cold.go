package main

import (
	"context"
	"fmt"
)

// cold measures the start of each candidate while a request for an uncached item is waiting, as when Lambda starts an
// execution environment for it.
func (b *bench) cold(ctx context.Context) error {
	for range b.plan.cold {
		for _, c := range b.candidates.started() {
			if err := b.coldStart(ctx, c); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

func (b *bench) coldStart(ctx context.Context, c candidate) error {
	work := make(chan *invocation)
	i, err := b.launch(c, work)
	if err != nil {
		return err
	}
	defer i.stop()
	poll, err := i.ready(ctx)
	if err != nil {
		return err
	}
	got, err := b.sender(c)(ctx, work, get(b.servers.fresh()))
	if err != nil {
		return err
	}
	ran, err := i.processorTime()
	if err != nil {
		return err
	}
	b.figures.add("cold response CPU ms "+c.name, microseconds(ran)/1e3)
	b.figures.add("cold poll ms "+c.name, microseconds(poll)/1e3)
	b.figures.add("cold response ms "+c.name, microseconds(got.at.Sub(i.started))/1e3)
	return nil
}
