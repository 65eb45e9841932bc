package cache

import (
	"context"
	"time"

	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

const (
	// markTime is for how long a mark lasts if its write does not end: longer than the write can take to
	// come into effect, so that nobody fills the cache before it does.
	markTTL = timeouts.Write + markMargin
	// markMargin is for what the database's times leave out: the answer to the mark itself
	// (commandBudget), packets on their way, and the commit, which PostgreSQL does not interrupt.
	markMargin = 13 * time.Second
)

// Outcome is what is known of the source after a write.
type Outcome int

// The outcomes of a write.
const (
	Changed   Outcome = iota // it has the new value
	Disproved                // it has the value it had, which may be another than the cache has
	Unchanged                // it has the value it had, of which it said nothing
	Unknown                  // it may have either, or get the new one later
)

// Write runs write, which changes the value under key at the source and tells
// what became of it. No read that begins after Write returned gets an older
// value.
func (c *Cache) Write(ctx context.Context, key string, write func(context.Context) Outcome) {
	mine, before, err := c.store.Mark(ctx, key, markTTL)
	if err != nil {
		c.logFailure(ctx, "marking a write", err)
	} else {
		c.scheduleRetries(ctx)
	}
	outcome := write(ctx)
	ctx = context.WithoutCancel(ctx) // what follows is done even for a caller that has left
	switch {
	case outcome == Unknown && err == nil:
		// The mark keeps readers on the source until it expires.
	case outcome == Unknown:
		c.invalidate(ctx, key, mine, markTTL)
	case outcome == Unchanged && err == nil && c.restore(ctx, key, mine, before):
	default:
		c.invalidate(ctx, key, mine, 0)
	}
}

// restore puts back what the mark of a write that did not happen replaced, and
// reports whether it did, so that a write which fails does not cost the stale
// entry that reads live on while the database is away. Whatever another writer
// did to the key since has changed its tag, and then nothing is put back.
func (c *Cache) restore(ctx context.Context, key string, mine [][]byte, before []byte) bool {
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
		return false
	}
	did, err := c.store.Replace(ctx, key, mine[len(mine)-1], before, left)
	if err != nil {
		c.logFailure(ctx, "restoring after a write that failed", err)
	}
	return did
}

// end takes the marks of a write out of the key, with the entry that it made
// older. What Redis did not do is repeated.
func (c *Cache) invalidate(ctx context.Context, key string, mine [][]byte, markFor time.Duration) {
	if err := c.store.End(ctx, key, mine, markFor); err != nil {
		c.logFailure(ctx, "invalidating", err)
		c.pending.add(key, invalidation{mine: mine, marked: time.Now().Add(markFor), until: time.Now().Add(c.config.maxEntryAge())})
		c.scheduleRetries(ctx)
	}
}
