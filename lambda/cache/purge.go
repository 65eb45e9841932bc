package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache/access"
)

const (
	// scanCount is how many keys Redis looks at in one SCAN: about a millisecond, in which it serves no other command.
	scanCount = 1000
	// purgeWorkers is how many keys of a shard are purged at once.
	purgeWorkers = 16
)

// Purge deletes every entry and every lease and returns how many keys it visited. It is for a source that has been replaced by
// another one with older values, once no reader can read the replaced one any more: what such a reader has begun is not
// stored, because its lease is gone. The marks of unfinished writes stay, under a tag that none of these writes knows, so that
// none restores the entry that it found.
func (r *Redis) Purge(ctx context.Context) (int, error) { return r.purgeKeys(ctx, access.Keys) }

// purgeKeys purges the keys that match the pattern.
func (r *Redis) purgeKeys(ctx context.Context, pattern string) (int, error) {
	var visited atomic.Int64
	purge := func(ctx context.Context, shard *redis.Client) error {
		return r.purgeShard(ctx, shard, pattern, &visited)
	}
	err := r.withAuthRetry(func() error {
		if r.cluster != nil {
			return r.cluster.ForEachMaster(ctx, purge)
		}
		return purge(ctx, r.client.(*redis.Client))
	})
	if err != nil {
		return int(visited.Load()), fmt.Errorf("purging the cache: %w", err)
	}
	return int(visited.Load()), nil
}

// purgeShard visits the keys of a shard. Its errors are those of the first key that failed in each worker.
func (r *Redis) purgeShard(ctx context.Context, shard *redis.Client, pattern string, visited *atomic.Int64) error {
	keys, failed := make(chan string), make([]error, purgeWorkers)
	var workers sync.WaitGroup
	for i := range failed {
		workers.Go(func() {
			for key := range keys {
				if failed[i] == nil {
					failed[i] = r.End(ctx, key, nil, 0)
				}
				visited.Add(1)
			}
		})
	}
	found := shard.Scan(ctx, 0, pattern, scanCount).Iterator()
	for found.Next(ctx) {
		keys <- found.Val()
	}
	close(keys)
	workers.Wait()
	return errors.Join(append(failed, found.Err())...)
}
