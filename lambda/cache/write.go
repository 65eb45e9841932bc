package cache

import (
	"context"
	"time"
)

// markTime is for how long the mark of a write lasts if nobody clears it:
// longer than a write can take.
const markTime = 35 * time.Second

// Outcome is what is known of the source after a write.
type Outcome int

// The outcomes of a write.
const (
	Changed   Outcome = iota // it has the new value
	Unchanged                // it has the old value
	Unknown                  // it may have either, or get the new one later
)

// Write runs write, which changes the value under key at the source and tells
// what became of it. No read that begins after Write returned gets an older
// value.
func (c *Cache) Write(ctx context.Context, key string, write func(context.Context) Outcome) {
	mine, before, err := c.store.Mark(ctx, key, markTime)
	if err != nil {
		c.failed(ctx, "marking a write", err)
	}
	// What follows is done even for a caller that has left.
	switch outcome := write(ctx); {
	case outcome == Unknown && err == nil:
		// The mark keeps readers on the source until it expires.
	case outcome == Unchanged && err == nil:
		c.restore(context.WithoutCancel(ctx), key, mine, before)
	default:
		c.forget(context.WithoutCancel(ctx), key)
	}
}

// restore puts back what the mark of a write that did not happen replaced, so
// that a write which fails does not cost the stale entry that reads live on
// while the database is away. Whatever another writer did to the key since
// has taken the mark away, and then nothing is put back.
func (c *Cache) restore(ctx context.Context, key string, mine, before []byte) {
	old, ok := decode(before)
	left := time.Until(old.fresh)
	switch {
	case ok && old.kind() == present:
		left += c.config.Stale
	case ok && old.kind() == missing:
	default:
		left = 0
	}
	if left < time.Millisecond {
		c.forget(ctx, key)
		return
	}
	if _, err := c.store.Replace(ctx, key, mine, before, left); err != nil {
		c.failed(ctx, "restoring after a write that failed", err)
	}
}

func (c *Cache) forget(ctx context.Context, key string) {
	if err := c.store.Clear(ctx, key); err != nil {
		c.failed(ctx, "invalidating", err)
	}
}
