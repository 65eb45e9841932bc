package main

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// requestFunc sends one request and returns its duration.
type requestFunc func(context.Context) (time.Duration, error)

// runner sends one kind of request to one candidate.
type runner struct {
	work, name string // "hit", "ours"
	send       requestFunc
	by         *instance       // nil: this process
	took       []time.Duration // durations of this round
	ran        time.Duration   // CPU time of this round
}

// warmUp is the number of requests of each runner before the first round.
const warmUp = 300

// warm measures sequential requests to processes that are warmed up, compared with an empty handler and with the bare
// database and cache calls.
func (b *bench) warm(ctx context.Context) error {
	runners, stop, err := b.runners(ctx)
	defer stop()
	if err != nil {
		return err
	}
	for _, r := range runners {
		for range warmUp {
			if _, err := r.send(ctx); err != nil {
				return fmt.Errorf("%s of %s: %w", r.work, r.name, err)
			}
		}
	}
	for range b.plan.rounds {
		if err := b.round(ctx, runners); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) round(ctx context.Context, runners []*runner) error {
	for range b.plan.batches {
		for _, r := range runners {
			if err := r.batch(ctx, b.plan.batchSize); err != nil {
				return fmt.Errorf("%s of %s: %w", r.work, r.name, err)
			}
		}
	}
	for _, r := range runners {
		b.figures.add(r.work+" p50 us "+r.name, microseconds(percentile(r.took, 0.50)))
		b.figures.add(r.work+" p99 us "+r.name, microseconds(percentile(r.took, 0.99)))
		if r.by != nil {
			b.figures.add(r.work+" CPU us "+r.name, microseconds(r.ran)/float64(len(r.took)))
		}
		r.took, r.ran = nil, 0
	}
	return nil
}

// batch sends n requests in a row.
func (r *runner) batch(ctx context.Context, n int) error {
	before, err := r.processorTime()
	for range n {
		if err != nil {
			return err
		}
		var took time.Duration
		took, err = r.send(ctx)
		r.took = append(r.took, took)
	}
	after, unread := r.processorTime()
	r.ran += after - before
	return errors.Join(err, unread)
}

func (r *runner) processorTime() (time.Duration, error) {
	if r.by == nil {
		return 0, nil
	}
	return r.by.processorTime()
}

// runners starts one process of each candidate.
func (b *bench) runners(ctx context.Context) (all []*runner, stop func(), err error) {
	var running []*instance
	stop = func() {
		for _, i := range running {
			i.stop()
		}
	}
	written, bareKey := b.servers.fresh(), "bare"
	if err := b.servers.redis.Set(ctx, bareKey, itemBody, time.Hour).Err(); err != nil {
		return nil, stop, err
	}
	for _, c := range append(b.candidates.warm(), b.candidates.empty, b.candidates.bare) {
		work := make(chan *invocation)
		i, err := b.launch(c, work)
		if err != nil {
			return nil, stop, err
		}
		running = append(running, i)
		if _, err := i.ready(ctx); err != nil {
			return nil, stop, err
		}
		request := func(send sendFunc, event func() []byte) requestFunc {
			return func(ctx context.Context) (time.Duration, error) {
				got, err := send(ctx, work, event())
				return got.took, err
			}
		}
		if c.name == b.candidates.bare.name {
			all = append(all,
				&runner{work: "hit", name: c.name, by: i, send: request(ask, func() []byte { return fmt.Appendf(nil, `"hit %s"`, bareKey) })},
				&runner{work: "miss", name: c.name, by: i, send: request(ask, func() []byte { return fmt.Appendf(nil, `"miss %s"`, b.servers.fresh()) })})
			continue
		}
		id, send := b.servers.fresh(), b.sender(c)
		all = append(all,
			&runner{work: "hit", name: c.name, by: i, send: request(send, func() []byte { return get(id) })},
			&runner{work: "miss", name: c.name, by: i, send: request(send, func() []byte { return get(b.servers.fresh()) })},
			&runner{work: "write", name: c.name, by: i, send: request(send, func() []byte { return put(written, itemBody) })})
	}
	return append(all, &runner{work: "hit", name: "loop", send: func(ctx context.Context) (time.Duration, error) {
		began := time.Now()
		err := b.servers.redis.Get(ctx, bareKey).Err()
		return time.Since(began), err
	}}), stop, nil
}
