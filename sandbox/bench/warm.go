package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// turn does one request and returns how long it took.
type turn func(context.Context) (time.Duration, error)

// racer is who takes turns in a round, and what for.
type racer struct {
	work, name string // "hit", "ours"
	turn       turn
	by         *instance       // nil: this process
	took       []time.Duration // in this round
	ran        time.Duration   // on a processor in this round
}

// warmUp is how many requests each racer does before the first round.
const warmUp = 300

// warm times requests one after the other on instances that are warm, beside
// an empty handler and the bare statements that the work comes down to.
func (b *bench) warm(ctx context.Context) error {
	racers, stop, err := b.racers(ctx)
	defer stop()
	if err != nil {
		return err
	}
	for _, r := range racers {
		for range warmUp {
			if _, err := r.turn(ctx); err != nil {
				return fmt.Errorf("%s of %s: %w", r.work, r.name, err)
			}
		}
	}
	for range b.plan.rounds {
		if err := b.round(ctx, racers); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, racers []*racer) error {
	for range b.plan.slices {
		for _, r := range racers {
			if err := r.slice(ctx, b.plan.slice); err != nil {
				return fmt.Errorf("%s of %s: %w", r.work, r.name, err)
			}
		}
	}
	for _, r := range racers {
		b.figures.add(r.work+" p50 us "+r.name, microseconds(percentile(r.took, 0.50)))
		b.figures.add(r.work+" p99 us "+r.name, microseconds(percentile(r.took, 0.99)))
		if r.by != nil {
			b.figures.add(r.work+" CPU us "+r.name, microseconds(r.ran)/float64(len(r.took)))
		}
		r.took, r.ran = nil, 0
	}
	return nil
}

// slice takes some turns in a row.
func (r *racer) slice(ctx context.Context, turns int) error {
	before, err := r.processorTime()
	for range turns {
		if err != nil {
			return err
		}
		var took time.Duration
		took, err = r.turn(ctx)
		r.took = append(r.took, took)
	}
	after, unread := r.processorTime()
	r.ran += after - before
	return errors.Join(err, unread)
}

func (r *racer) processorTime() (time.Duration, error) {
	if r.by == nil {
		return 0, nil
	}
	return r.by.processorTime()
}

// racers starts one instance of each contestant.
func (b *bench) racers(ctx context.Context) (all []*racer, stop func(), err error) {
	var running []*instance
	stop = func() {
		for _, i := range running {
			i.stop()
		}
	}
	written, bareKey := b.parts.fresh(), "bare"
	if err := b.parts.redis.Set(ctx, bareKey, itemBody, time.Hour).Err(); err != nil {
		return nil, stop, err
	}
	for _, c := range append(b.contestants.warm(), b.contestants.empty, b.contestants.bare) {
		work := make(chan *invocation)
		i, err := b.launch(c, work)
		if err != nil {
			return nil, stop, err
		}
		running = append(running, i)
		if _, err := i.ready(ctx); err != nil {
			return nil, stop, err
		}
		request := func(asking asking, event func() []byte) turn {
			return func(ctx context.Context) (time.Duration, error) {
				got, err := asking(ctx, work, event())
				return got.took, err
			}
		}
		if c.name == b.contestants.bare.name {
			all = append(all,
				&racer{work: "hit", name: c.name, by: i, turn: request(ask, func() []byte { return fmt.Appendf(nil, `"hit %s"`, bareKey) })},
				&racer{work: "miss", name: c.name, by: i, turn: request(ask, func() []byte { return fmt.Appendf(nil, `"miss %s"`, b.parts.fresh()) })})
			continue
		}
		id, asking := b.parts.fresh(), b.asking(c)
		all = append(all,
			&racer{work: "hit", name: c.name, by: i, turn: request(asking, func() []byte { return get(id) })},
			&racer{work: "miss", name: c.name, by: i, turn: request(asking, func() []byte { return get(b.parts.fresh()) })},
			&racer{work: "write", name: c.name, by: i, turn: request(asking, func() []byte { return put(written, itemBody) })})
	}
	return append(all, &racer{work: "hit", name: "loop", turn: func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		err := b.parts.redis.Get(ctx, bareKey).Err()
		return time.Since(began), err
	}}), stop, nil
}
