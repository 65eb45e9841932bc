package cache

import (
	"context"
	"time"

	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

const (
	// markTTL is how long a mark lasts if its write does not end: longer than the write can take to take effect, so that the
	// cache is not filled before it does.
	markTTL = timeouts.Write + markMargin
	// markMargin allows for what the timeouts of the database do not cover: the response to the mark itself (stepTimeout),
	// packets in transit, and the commit, which PostgreSQL does not interrupt.
	markMargin = 13 * time.Second
)

// Outcome is what is known about the source after a write.
type Outcome int

// The outcomes of a write.
const (
	Changed   Outcome = iota // the source has the new value
	Disproved                // the source kept its previous value, and reported that the caller expected another: the cached one may be wrong
	Unchanged                // the source kept its previous value and reported nothing about it
	Unknown                  // the source may have either value, or get the new one later
)

// Write runs write, which changes the value under key at the source and returns the outcome. No read that begins after Write
// returned returns an older value.
func (c *Cache) Write(ctx context.Context, key string, write func(context.Context) Outcome) {
	mine, before, err := c.store.Mark(ctx, key, markTTL)
	if err != nil {
		c.logFailure(ctx, "marking a write", err)
	} else {
		c.scheduleRetries(ctx)
	}
	outcome := write(ctx)
	ctx = context.WithoutCancel(ctx) // the rest runs even if the caller has left
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

// restore restores what the mark of a write that changed nothing replaced, and reports whether it did. Otherwise a failed
// write would cost the stale entry that serves reads while the database is unavailable. If another writer has changed the key
// since, its tag differs and nothing is restored.
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

// invalidate removes the marks of a write from the key, and any entry or lease. If Redis fails, it is retried later.
func (c *Cache) invalidate(ctx context.Context, key string, mine [][]byte, markFor time.Duration) {
	if err := c.store.End(ctx, key, mine, markFor); err != nil {
		c.logFailure(ctx, "invalidating", err)
		c.pending.add(key, invalidation{mine: mine, marked: time.Now().Add(markFor), until: time.Now().Add(c.config.maxEntryAge())})
		c.scheduleRetries(ctx)
	}
}
