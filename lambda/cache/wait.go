package cache

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstPause   = 2 * time.Millisecond
	longestPause = 25 * time.Millisecond
)

// wait paces the looks at a key that another reader is filling.
type wait struct {
	until time.Time
	pause time.Duration
}

// next pauses, longer each time, and reports whether to look once more.
func (w *wait) next(ctx context.Context) bool {
	if time.Now().After(w.until) {
		return false
	}
	w.pause = min(max(firstPause, w.pause*3/2), longestPause)
	// By chance up to half of it less, so that waiters do not move in step.
	timer := time.NewTimer(w.pause - rand.N(w.pause/2))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
