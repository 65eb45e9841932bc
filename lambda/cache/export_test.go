package cache

import (
	"context"
	"time"
)

// NewLease returns the tag of a new lease.
func NewLease() []byte { return newTag(lease) }

// NewMark returns the tag of a new mark.
func NewMark() []byte { return newTag(mark) }

// IsMark reports whether a key with this value is marked.
func IsMark(stored []byte) bool { return len(stored) > 0 && kind(stored[0]) == mark }

// NewSlowBreaker is a Breaker with long timeouts, for tests that must pass on a busy machine.
func NewSlowBreaker(store Store) *Breaker {
	b := NewBreaker(store)
	b.timeout = time.Minute
	return b
}

// MarkTime is for how long a mark lasts if its write does not end.
const MarkTime = markTTL

// CommandTimeout is how long the Redis client waits for a response.
const CommandTimeout = commandTimeout

// PurgeKeys is Purge for the keys that match a pattern.
func (r *Redis) PurgeKeys(ctx context.Context, pattern string) (int, error) {
	return r.purgeKeys(ctx, pattern)
}
