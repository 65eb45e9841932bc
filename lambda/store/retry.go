package store

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	// maxTries is how often one call is sent at most.
	maxTries = 3
	// firstPause comes before the second try of a call that found the database
	// busy, and before any third try, twice as long; chance takes up to half of
	// it away, so that instances do not come back in step.
	initialBackoff = 100 * time.Millisecond
	// maxRetries is how many retries a process has in hand, and earnedRetry
	// what each call that works adds: an outage is not met with a multiple of
	// the load that may have caused it.
	maxRetries        = 10
	retriesPerSuccess = 0.1
)

// budget is what a process may still spend on retries.
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

// pause waits before the try with the given number, from 1; it reports whether
// time is left for the try.
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
