package cache

import (
	"context"
	"sync"
	"time"

	"github.com/didomi/serverless-api/lambda/internal/limit"
	"github.com/didomi/serverless-api/lambda/steps"
)

// Breaker is a Store that bounds the time of another one, with a circuit breaker for each of its shards. Only End always
// reaches the store: a skipped invalidation costs correctness, not only speed.
type Breaker struct {
	store   Store
	timeout time.Duration // of one operation
	server  circuit       // of the server, for finding a key's shard

	mu     sync.Mutex
	shards map[string]*circuit
}

// NewBreaker returns a Breaker around store.
func NewBreaker(store Store) *Breaker {
	return &Breaker{store: store, timeout: limit.Of(stepTimeout), shards: map[string]*circuit{}}
}

// Acquire implements Store.
func (b *Breaker) Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error) {
	err = b.runOnShard(ctx, key, func(ctx context.Context) error {
		stored, mine, err = b.store.Acquire(ctx, key, ttl)
		return err
	})
	return stored, mine, err
}

// Replace implements Store.
func (b *Breaker) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (did bool, err error) {
	err = b.runOnShard(ctx, key, func(ctx context.Context) error {
		did, err = b.store.Replace(ctx, key, tag, value, ttl)
		return err
	})
	return did, err
}

// Release implements Store.
func (b *Breaker) Release(ctx context.Context, key string, tag []byte) error {
	return b.runOnShard(ctx, key, func(ctx context.Context) error { return b.store.Release(ctx, key, tag) })
}

// Claim implements Store.
func (b *Breaker) Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (first bool, err error) {
	err = b.runOnShard(ctx, key, func(ctx context.Context) error {
		first, err = b.store.Claim(ctx, key, tag, ttl)
		return err
	})
	return first, err
}

// Mark implements Store.
func (b *Breaker) Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error) {
	err = b.runOnShard(ctx, key, func(ctx context.Context) error {
		mine, before, err = b.store.Mark(ctx, key, ttl)
		return err
	})
	return mine, before, err
}

// End implements Store. It ignores the circuit.
func (b *Breaker) End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error {
	defer steps.Begin(ctx, steps.Cache).End()
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.store.End(ctx, key, mine, markFor)
}

// Ping implements Store. It ignores the circuit: a health check needs the actual state.
func (b *Breaker) Ping(ctx context.Context) error {
	defer steps.Begin(ctx, steps.Cache).End()
	ctx, cancel := context.WithTimeout(ctx, b.timeout)
	defer cancel()
	return b.store.Ping(ctx)
}

// Shard implements Store.
func (b *Breaker) Shard(ctx context.Context, key string) (shard string, err error) {
	err = b.server.run(ctx, b.timeout, func(ctx context.Context) error {
		shard, err = b.store.Shard(ctx, key)
		return err
	})
	return shard, err
}

// runOnShard makes a call to the shard of key, unless its circuit is open.
func (b *Breaker) runOnShard(ctx context.Context, key string, call func(context.Context) error) error {
	defer steps.Begin(ctx, steps.Cache).End()
	shard, err := b.Shard(ctx, key)
	if err != nil {
		return err
	}
	return b.circuit(shard).run(ctx, b.timeout, call)
}

func (b *Breaker) circuit(shard string) *circuit {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.shards[shard]
	if !ok {
		found = &circuit{}
		b.shards[shard] = found
	}
	return found
}
