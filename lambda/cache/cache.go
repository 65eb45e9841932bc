package cache

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/didomi/serverless-api/lambda/postresponse"
)

// Status tells where an answer came from.
type Status string

// The statuses, as in the X-Cache header.
const (
	Hit    Status = "hit"    // from the cache, fresh
	Miss   Status = "miss"   // from the source, and on its way into the cache
	Stale  Status = "stale"  // from the cache, past its fresh time
	Bypass Status = "bypass" // from the source, past the cache
)

// Config holds the times of a cache.
type Config struct {
	Fresh    time.Duration // how long an entry is served without asking the source
	Stale    time.Duration // how much longer it may be served while the source is asked or away
	Negative time.Duration // how long the absence of a value is remembered
}

const (
	// leaseTime is how long a reader may take to fill an entry before another
	// one does it; it also bounds the wait for somebody else's fill.
	leaseTTL = 3 * time.Second
	// claimTime is how long the refresh of a stale entry is left to one
	// reader, and so how often a source that is away is asked for it, and how
	// soon one that is back is noticed.
	claimTTL = time.Second
	// refreshWait is how long that reader waits before it serves the stale
	// entry itself: some healthy database reads, not a failing one.
	refreshWait = 100 * time.Millisecond
	// refreshTime bounds the refresh itself, for which the instance stays awake.
	refreshTimeout = time.Second
	// jitter is the part of a time to live that chance takes away, so that
	// what was filled together does not end together.
	jitter = 0.1
)

// Result is the answer to a read.
type Result struct {
	Value  []byte // nil if there is nothing under the key
	Found  bool
	Status Status
}

// Load asks the source for the value under a key; found is false if there is
// none. It must read the latest acknowledged version, so never from a replica.
type Load func(ctx context.Context) (value []byte, found bool, err error)

// Cache reads through a Store. It is safe for concurrent use.
type Cache struct {
	store   Store
	config  Config
	log     *slog.Logger
	pending pendingInvalidations
}

// New returns a Cache over store. The log gets failures of the store, which
// no caller sees.
func New(store Store, config Config, log *slog.Logger) *Cache {
	return &Cache{store: store, config: config, log: log}
}

// Get returns the value under key from the store, or from load if the store
// has none or does not answer. Its error is load's.
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

// fill asks the source as the holder of the lease tag. The caller need not
// wait for the cache to have the answer: until then the lease makes others wait.
func (c *Cache) fill(ctx context.Context, key string, tag []byte, load Load) (Result, error) {
	value, found, err := load(ctx)
	if err != nil {
		c.release(ctx, key, tag)
		return Result{}, err
	}
	postresponse.Do(ctx, func() { c.storeResult(context.WithoutCancel(ctx), key, tag, value, found) })
	return Result{Value: value, Found: found, Status: Miss}, nil
}

// release lets the next reader ask the source, even if this one has left.
func (c *Cache) release(ctx context.Context, key string, tag []byte) {
	if err := c.store.Release(context.WithoutCancel(ctx), key, tag); err != nil {
		c.logFailure(ctx, "releasing a lease", err)
	}
}

// keep stores what the source had in place of what has the tag.
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

// refresh serves a stale entry, or what the source has now if this reader is
// the one to ask and the answer comes soon.
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
