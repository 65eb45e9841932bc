package cache

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrOpen is returned instead of asking a store that failed again and again.
var ErrOpen = errors.New("the cache failed several times in a row and is left alone for a moment")

const (
	// breakAfter is how many failures in a row open the breaker.
	breakAfter = 3
	// openTime is how long it stays open before one call tries again; a
	// store that is back is used again within it.
	openTime = time.Second
	// commandBudget bounds one step with its connection and retry, so that a
	// store that is slow or away delays a request by no more than this.
	commandBudget = time.Second
)

// Breaker is a Store that bounds the time of another and leaves it alone for
// a moment when it keeps failing. Only Clear always goes through: skipping an
// invalidation costs correctness, not just speed.
type Breaker struct {
	store Store

	mu       sync.Mutex
	failures int
	retryAt  time.Time
}

// NewBreaker returns a Breaker around store.
func NewBreaker(store Store) *Breaker { return &Breaker{store: store} }

// Acquire implements Store.
func (b *Breaker) Acquire(ctx context.Context, key string, lease []byte, ttl time.Duration) (held []byte, err error) {
	err = b.guard(ctx, func(ctx context.Context) error {
		held, err = b.store.Acquire(ctx, key, lease, ttl)
		return err
	})
	return held, err
}

// Replace implements Store.
func (b *Breaker) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (did bool, err error) {
	err = b.guard(ctx, func(ctx context.Context) error {
		did, err = b.store.Replace(ctx, key, tag, value, ttl)
		return err
	})
	return did, err
}

// Release implements Store.
func (b *Breaker) Release(ctx context.Context, key string, tag []byte) error {
	return b.guard(ctx, func(ctx context.Context) error { return b.store.Release(ctx, key, tag) })
}

// Claim implements Store.
func (b *Breaker) Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (first bool, err error) {
	err = b.guard(ctx, func(ctx context.Context) error {
		first, err = b.store.Claim(ctx, key, tag, ttl)
		return err
	})
	return first, err
}

// Mark implements Store.
func (b *Breaker) Mark(ctx context.Context, key string, mark []byte, ttl time.Duration) (held []byte, err error) {
	err = b.guard(ctx, func(ctx context.Context) error {
		held, err = b.store.Mark(ctx, key, mark, ttl)
		return err
	})
	return held, err
}

// Clear implements Store. It passes an open breaker.
func (b *Breaker) Clear(ctx context.Context, key string) error {
	return b.try(ctx, func(ctx context.Context) error { return b.store.Clear(ctx, key) })
}

// Ping implements Store. It passes an open breaker: it asks for the truth.
func (b *Breaker) Ping(ctx context.Context) error { return b.try(ctx, b.store.Ping) }

func (b *Breaker) guard(ctx context.Context, call func(context.Context) error) error {
	if !b.admit() {
		return ErrOpen
	}
	return b.try(ctx, call)
}

func (b *Breaker) try(ctx context.Context, call func(context.Context) error) error {
	bounded, cancel := context.WithTimeout(ctx, commandBudget)
	defer cancel()
	err := call(bounded)
	// A caller that left says nothing about the store.
	if err == nil || ctx.Err() == nil {
		b.record(err == nil)
	}
	return err
}

// admit lets everything through while closed; while open it lets one call
// through each openTime.
func (b *Breaker) admit() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < breakAfter {
		return true
	}
	if now := time.Now(); now.After(b.retryAt) {
		b.retryAt = now.Add(openTime)
		return true
	}
	return false
}

func (b *Breaker) record(good bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if good {
		b.failures = 0
		return
	}
	b.failures++
	b.retryAt = time.Now().Add(openTime)
}
