package cache

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrOpen is returned instead of asking a shard that failed again and again.
var ErrOpen = errors.New("this part of the cache failed several times in a row and is left alone for a moment")

const (
	// breakAfter is how many failures in a row open a circuit.
	failureThreshold = 3
	// openTime is how long it stays open before one call tries again; a
	// shard that is back is used again within it.
	openDuration = time.Second
	// commandBudget bounds one step with its connection and retry, so that a
	// shard that is slow or away delays a request by no more than this.
	stepTimeout = time.Second
)

// circuit leads to one shard. The zero value is closed: calls go through.
type circuit struct {
	mu       sync.Mutex
	failures int
	retryAt  time.Time
}

// run makes a call within budget, or none while the circuit is open.
func (c *circuit) run(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	if !c.allow() {
		return ErrOpen
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := call(bounded)
	// A caller that left says nothing about the shard.
	if err == nil || ctx.Err() == nil {
		c.record(err == nil)
	}
	return err
}

// admit lets everything through while closed; while open it lets one call
// through each openTime.
func (c *circuit) allow() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.failures < failureThreshold {
		return true
	}
	if now := time.Now(); !now.Before(c.retryAt) {
		c.retryAt = now.Add(openDuration)
		return true
	}
	return false
}

func (c *circuit) record(good bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if good {
		c.failures = 0
		return
	}
	c.failures++
	c.retryAt = time.Now().Add(openDuration)
}
