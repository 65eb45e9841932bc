package cache

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	minPollInterval = 2 * time.Millisecond
	maxPollInterval = 25 * time.Millisecond
)

// poller paces the polls of a key that another reader is filling.
type poller struct {
	until time.Time
	delay time.Duration
}

// next waits, longer each time, and reports whether to poll again.
func (w *poller) next(ctx context.Context) bool {
	if time.Now().After(w.until) {
		return false
	}
	w.delay = min(max(minPollInterval, w.delay*3/2), maxPollInterval)
	// A random part of up to half is subtracted, so that waiters do not poll in step.
	timer := time.NewTimer(w.delay - rand.N(w.delay/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
