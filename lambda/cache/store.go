package cache

import (
	"context"
	"time"
)

// Store is what the cache needs of a key-value server. Every method is one
// atomic step. The first tagSize bytes of a value are its tag.
type Store interface {
	// Acquire returns what key holds. Where it holds nothing it now holds
	// lease for ttl, and Acquire returns lease.
	Acquire(ctx context.Context, key string, lease []byte, ttl time.Duration) ([]byte, error)
	// Replace sets key to value for ttl if what it holds has the tag, and
	// reports whether it did.
	Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error)
	// Release deletes key if what it holds has the tag.
	Release(ctx context.Context, key string, tag []byte) error
	// Claim reports whether the caller is the one, for ttl, to refresh the
	// entry with the tag under key.
	Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (bool, error)
	// Mark sets key to mark for ttl and returns what it held before, if anything.
	Mark(ctx context.Context, key string, mark []byte, ttl time.Duration) ([]byte, error)
	// Clear deletes key, whatever it holds.
	Clear(ctx context.Context, key string) error
	// Shard names the part of the server that holds key, which fails or works
	// as one. It asks the server only if it does not know yet.
	Shard(ctx context.Context, key string) (string, error)
	// Ping reports whether the server answers.
	Ping(ctx context.Context) error
}
