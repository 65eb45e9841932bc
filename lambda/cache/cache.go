package cache

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/postresponse"
)

// Status is where the value of a read came from.
type Status string

// The statuses, as in the X-Cache header.
const (
	Hit    Status = contract.CacheHit    // from the cache, fresh
	Miss   Status = contract.CacheMiss   // from the source, and to be stored in the cache
	Stale  Status = contract.CacheStale  // from the cache, past its fresh time
	Bypass Status = contract.CacheBypass // from the source, without the cache
)

// Config holds the times of a cache.
type Config struct {
	Fresh    time.Duration // how long an entry is served without reading the source
	Stale    time.Duration // how much longer it may be served while the source is read or unavailable
	Negative time.Duration // how long a missing value is cached
}

const (
	// leaseTTL is how long a reader may take to fill an entry before another one does. It also bounds the wait
	// for another reader's fill.
	leaseTTL = 3 * time.Second
	// claimTTL is how long the refresh of a stale entry is left to one reader. It is the interval at which an
	// unavailable source is tried, and so bounds how long a recovery goes unnoticed.
	claimTTL = time.Second
	// refreshWait is how long that reader waits before it serves the stale entry itself: enough for several reads
	// of a healthy database.
	refreshWait = 100 * time.Millisecond
	// refreshTimeout bounds the refresh, during which the execution environment stays awake.
	refreshTimeout = time.Second
	// jitter is the fraction of a TTL that is subtracted at random, so that entries filled together do not expire
	// together.
	jitter = 0.1
)

// Result is the result of a read.
type Result struct {
	Value  []byte // nil if the key has no value
	Found  bool
	Status Status
}

// Load reads the value under a key from the source; found is false if there is none. It must read the latest acknowledged
// version, so never from a replica.
type Load func(ctx context.Context) (value []byte, found bool, err error)

// Cache reads through a Store. It is safe for concurrent use.
type Cache struct {
	store   Store
	config  Config
	log     *slog.Logger
	pending pendingInvalidations
}

// New returns a Cache over store. Failures of the store are only logged.
func New(store Store, config Config, log *slog.Logger) *Cache {
	return &Cache{store: store, config: config, log: log}
}

// Get returns the value under key from the store, or from load if the store has none or fails. It only returns errors of
// load.
func (c *Cache) Get(ctx context.Context, key string, load Load) (Result, error) {
	waiting := poller{until: time.Now().Add(leaseTTL)}
	for {
		stored, mine, err := c.store.Acquire(ctx, key, leaseTTL)
		if err != nil {
			c.logFailure(ctx, "reading", err)
			return bypass(ctx, load)
		}
		c.scheduleRetries(ctx)
		if mine {
			return c.fill(ctx, key, stored, load)
		}
		found, ok := decode(stored)
		switch {
		case !ok:
			c.invalidate(ctx, key, nil, 0)
			return bypass(ctx, load)
		case found.kind() == mark:
			return bypass(ctx, load)
		case found.kind() == lease:
			if !waiting.next(ctx) {
				return bypass(ctx, load)
			}
		case time.Now().After(found.fresh):
			return c.refresh(ctx, key, found, load)
		default:
			return found.result(Hit), nil
		}
	}
}

// fill reads the source as the holder of the lease tag. The entry is stored after the response: until then, the lease
// makes other readers wait.
func (c *Cache) fill(ctx context.Context, key string, tag []byte, load Load) (Result, error) {
	value, found, err := load(ctx)
	if err != nil {
		c.release(ctx, key, tag)
		return Result{}, err
	}
	postresponse.Do(ctx, func() { c.storeResult(context.WithoutCancel(ctx), key, tag, value, found) })
	return Result{Value: value, Found: found, Status: Miss}, nil
}

// release lets the next reader read the source, even if the caller has left.
func (c *Cache) release(ctx context.Context, key string, tag []byte) {
	if err := c.store.Release(context.WithoutCancel(ctx), key, tag); err != nil {
		c.logFailure(ctx, "releasing a lease", err)
	}
}

// storeResult stores what the source returned, if the key still has the tag.
func (c *Cache) storeResult(ctx context.Context, key string, tag, value []byte, found bool) {
	k, fresh, total := present, withJitter(c.config.Fresh), time.Duration(0)
	if total = fresh + c.config.Stale; !found {
		k, fresh = missing, withJitter(c.config.Negative)
		total = fresh
	}
	if total < time.Millisecond {
		c.release(ctx, key, tag)
		return
	}
	_, err := c.store.Replace(ctx, key, tag, encode(k, time.Now().Add(fresh), value), total)
	if err != nil {
		c.logFailure(ctx, "storing", err)
	}
}

// refresh returns a stale entry, or the source's current value if this reader claims the refresh and the source responds
// within refreshWait.
func (c *Cache) refresh(ctx context.Context, key string, old entry, load Load) (Result, error) {
	first, err := c.store.Claim(ctx, key, old.tag, claimTTL)
	if err != nil {
		c.logFailure(ctx, "claiming a refresh", err)
	}
	if !first {
		return old.result(Stale), nil
	}
	var result *Result
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTimeout)
		defer cancel()
		value, found, err := load(ctx)
		if err != nil {
			c.logFailure(ctx, "refreshing", err)
			return
		}
		c.storeResult(ctx, key, old.tag, value, found)
		result = &Result{Value: value, Found: found, Status: Miss}
	}()
	select {
	case <-done:
		if result != nil {
			return *result, nil
		}
	case <-time.After(refreshWait):
	case <-ctx.Done():
	}
	postresponse.Await(ctx, done, refreshTimeout)
	return old.result(Stale), nil
}

func (c *Cache) logFailure(ctx context.Context, doing string, err error) {
	c.log.WarnContext(ctx, "cache failed", "doing", doing, "error", err)
}

func bypass(ctx context.Context, load Load) (Result, error) {
	value, found, err := load(ctx)
	return Result{Value: value, Found: found, Status: Bypass}, err
}

func (e entry) result(status Status) Result {
	return Result{Value: e.value, Found: e.kind() == present, Status: status}
}

func withJitter(d time.Duration) time.Duration {
	return d - time.Duration(rand.Float64()*jitter*float64(d))
}
