package cache

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrOpen is returned for a shard whose circuit is open.
var ErrOpen = errors.New("this shard of the cache failed several times in a row and is not used for a moment")

const (
	// failureThreshold is how many consecutive failures open a circuit.
	failureThreshold = 3
	// openDuration is how long a circuit stays open before the next call is tried, and so bounds how long a recovery
	// goes unnoticed.
	openDuration = time.Second
	// stepTimeout bounds one operation with its connection and retry, so that a slow or unavailable shard delays a
	// request by no more than this.
	stepTimeout = time.Second
)

// circuit is the circuit breaker of a shard. The zero value is closed: calls are allowed.
type circuit struct {
	mu       sync.Mutex
	failures int
	retryAt  time.Time
}

// run makes a call with a timeout, or returns ErrOpen.
func (c *circuit) run(ctx context.Context, timeout time.Duration, call func(context.Context) error) error {
	if !c.allow() {
		return ErrOpen
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err := call(bounded)
	// A cancelled caller says nothing about the shard.
	if err == nil || ctx.Err() == nil {
		c.record(err == nil)
	}
	return err
}

// allow reports whether a call may be made: always while closed, once per openDuration while open.
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
