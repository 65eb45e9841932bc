package store

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxTries bounds the tries of a call.
	maxTries = 3
	// initialBackoff is the delay before the second try of a call that found the database busy, and before any third try, where
	// it is doubled; up to half of it is subtracted at random, so that execution environments do not retry in step.
	initialBackoff = 100 * time.Millisecond
	// maxRetries is the retry budget of a process, and retriesPerSuccess what each successful call adds to it: an outage must
	// not be met with a multiple of the load that may have caused it.
	maxRetries        = 10
	retriesPerSuccess = 0.1
)

// retryBudget is the remaining retries of a process.
type retryBudget struct {
	mu    sync.Mutex
	spent float64
}

func (b *retryBudget) spend() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.spent > maxRetries-1 {
		return false
	}
	b.spent++
	return true
}

func (b *retryBudget) earn() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.spent = max(0, b.spent-retriesPerSuccess)
}

// backoff waits before the try with the given number, from 1, and reports whether there is time left for it.
func backoff(ctx context.Context, try int, busy bool) bool {
	delay := initialBackoff * time.Duration(try-1)
	if try == 1 && busy {
		delay = initialBackoff
	}
	if delay == 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(delay - rand.N(delay/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
