package metrics

import (
	"sync"
	"time"
)

// Clock is the time of metrics and alarms. It runs with the machine's clock until it is stopped; then it can be
// turned. It never goes back.
type Clock struct {
	mu      sync.Mutex
	wall    func() time.Time
	lead    time.Duration // before the machine's clock
	stopped time.Time     // zero: it runs
}

// NewClock returns a clock that runs with another.
func NewClock(wall func() time.Time) *Clock { return &Clock{wall: wall} }

// Now returns the clock's time.
func (c *Clock) Now() time.Time { return c.At(c.wall()) }

// At returns the clock's time at a time of the machine: while the clock is stopped, everything happens at once.
func (c *Clock) At(wall time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.stopped.IsZero() {
		return c.stopped
	}
	return wall.Add(c.lead)
}

// Stop stops the clock.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		c.stopped = c.wall().Add(c.lead)
	}
}

// turn sets the clock to a later time.
func (c *Clock) turn(to time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped.IsZero() {
		c.lead = max(c.lead, to.Sub(c.wall()))
		return
	}
	if to.After(c.stopped) {
		c.stopped = to
	}
}
