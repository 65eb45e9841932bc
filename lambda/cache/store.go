package cache

import (
	"context"
	"time"
)

// Store is what the cache needs of a key-value server. Every method is one
// atomic step. The first tagSize bytes of a value are its tag.
//
// A command that was given up may be carried out later all the same. So no tag
// is sent twice: a second try has a tag of its own, or a lease or mark that is
// gone from its key could come back while somebody still holds it.
type Store interface {
	// Acquire returns what key holds. Where it holds nothing it now holds a new
	// lease for ttl, and Acquire returns that; mine tells that what is returned
	// is a lease of this call.
	Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error)
	// Replace sets key to value for ttl if what it holds has the tag, and
	// reports whether it did.
	Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error)
	// Release deletes key if what it holds has the tag.
	Release(ctx context.Context, key string, tag []byte) error
	// Claim reports whether the caller is the one, for ttl, to refresh the
	// entry with the tag under key.
	Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (bool, error)
	// Mark puts a new mark into key for ttl, next to those of other writes, and
	// returns the entry or the lease that it replaced, if any. While no other
	// write marks the key or ends, what the key holds has the last tag of mine;
	// the others are of tries without an answer. They are returned with an error,
	// too.
	Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error)
	// End takes marks out of key, and deletes an entry or a lease that it holds.
	// The marks of other writes stay. If keep is not 0 it leaves a new mark for
	// so long, which nobody ends.
	End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error
	// Shard names the part of the server that holds key, which fails or works
	// as one. It asks the server only if it does not know yet.
	Shard(ctx context.Context, key string) (string, error)
	// Ping reports whether the server answers.
	Ping(ctx context.Context) error
}
