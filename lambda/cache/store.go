package cache

import (
	"context"
	"time"
)

// Store is what the cache needs of a key-value server. Every method is atomic. The first tagSize bytes of a value are its
// tag.
//
// A command that was abandoned may still be executed later. So no tag is sent twice: a second try has a new tag, because a
// lease or a mark that was removed from its key could otherwise reappear while its owner still relies on it.
type Store interface {
	// Acquire returns the value of key. If it has none, Acquire stores a new lease for ttl and returns that; mine reports
	// that the returned value is a lease of this call.
	Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error)
	// Replace sets key to value for ttl if its value has the tag, and reports whether it did.
	Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error)
	// Release deletes key if its value has the tag.
	Release(ctx context.Context, key string, tag []byte) error
	// Claim reports whether the caller is the one to refresh the entry with the tag under key, for ttl.
	Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (bool, error)
	// Mark adds a new mark to key for ttl and returns the entry or the lease that it replaced, if any. Until another write
	// marks the key or ends, the key's value has the last tag of mine; the other tags are of tries without a response. They
	// are also returned with an error.
	Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error)
	// End removes marks from key and deletes an entry or a lease. The marks of other writes stay. If markFor is not 0, it
	// adds a new mark for that time, which no write removes.
	End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error
	// Shard returns the name of the shard with key, which fails independently of others. It only calls the server if it
	// does not know yet.
	Shard(ctx context.Context, key string) (string, error)
	// Ping reports whether the server responds.
	Ping(ctx context.Context) error
}
