package cache

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/didomi/serverless-api/lambda/later"
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
	leaseTime = 3 * time.Second
	// claimTime is how long the refresh of a stale entry is left to one
	// reader, and so how often a source that is away is asked for it, and how
	// soon one that is back is noticed.
	claimTime = time.Second
	// refreshWait is how long that reader waits before it serves the stale
	// entry itself: some healthy database reads, not a failing one.
	refreshWait = 100 * time.Millisecond
	// refreshTime bounds the refresh itself, for which the instance stays awake.
	refreshTime = time.Second
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
	pending pending
}

// New returns a Cache over store. The log gets failures of the store, which
// no caller sees.
func New(store Store, config Config, log *slog.Logger) *Cache {
	return &Cache{store: store, config: config, log: log}
}

// Get returns the value under key from the store, or from load if the store
// has none or does not answer. Its error is load's.
func (c *Cache) Get(ctx context.Context, key string, load Load) (Result, error) {
	waiting := wait{until: time.Now().Add(leaseTime)}
	for {
		held, mine, err := c.store.Acquire(ctx, key, leaseTime)
		if err != nil {
			c.failed(ctx, "reading", err)
			return direct(ctx, load)
		}
		c.repeatLater(ctx)
		if mine {
			return c.fill(ctx, key, held, load)
		}
		found, ok := decode(held)
		switch {
		case !ok:
			c.end(ctx, key, nil, 0)
			return direct(ctx, load)
		case found.kind() == mark:
			return direct(ctx, load)
		case found.kind() == lease:
			if !waiting.next(ctx) {
				return direct(ctx, load)
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
	later.Do(ctx, func() { c.keep(context.WithoutCancel(ctx), key, tag, value, found) })
	return Result{Value: value, Found: found, Status: Miss}, nil
}

// release lets the next reader ask the source, even if this one has left.
func (c *Cache) release(ctx context.Context, key string, tag []byte) {
	if err := c.store.Release(context.WithoutCancel(ctx), key, tag); err != nil {
		c.failed(ctx, "releasing a lease", err)
	}
}

// keep stores what the source had in place of what has the tag.
func (c *Cache) keep(ctx context.Context, key string, tag, value []byte, found bool) {
	k, fresh, whole := present, shorten(c.config.Fresh), time.Duration(0)
	if whole = fresh + c.config.Stale; !found {
		k, fresh = missing, shorten(c.config.Negative)
		whole = fresh
	}
	if whole < time.Millisecond {
		c.release(ctx, key, tag)
		return
	}
	_, err := c.store.Replace(ctx, key, tag, encode(k, time.Now().Add(fresh), value), whole)
	if err != nil {
		c.failed(ctx, "storing", err)
	}
}

// refresh serves a stale entry, or what the source has now if this reader is
// the one to ask and the answer comes soon.
func (c *Cache) refresh(ctx context.Context, key string, old entry, load Load) (Result, error) {
	first, err := c.store.Claim(ctx, key, old.tag, claimTime)
	if err != nil {
		c.failed(ctx, "claiming a refresh", err)
	}
	if !first {
		return old.result(Stale), nil
	}
	var answer *Result
	done := make(chan struct{})
	go func() {
		defer close(done)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), refreshTime)
		defer cancel()
		value, found, err := load(ctx)
		if err != nil {
			c.failed(ctx, "refreshing", err)
			return
		}
		c.keep(ctx, key, old.tag, value, found)
		answer = &Result{Value: value, Found: found, Status: Miss}
	}()
	select {
	case <-done:
		if answer != nil {
			return *answer, nil
		}
	case <-time.After(refreshWait):
	case <-ctx.Done():
	}
	later.Await(ctx, done, refreshTime)
	return old.result(Stale), nil
}

func (c *Cache) failed(ctx context.Context, doing string, err error) {
	c.log.WarnContext(ctx, "cache failed", "doing", doing, "error", err)
}

func direct(ctx context.Context, load Load) (Result, error) {
	value, found, err := load(ctx)
	return Result{Value: value, Found: found, Status: Bypass}, err
}

func (e entry) result(status Status) Result {
	return Result{Value: e.value, Found: e.kind() == present, Status: status}
}

func shorten(d time.Duration) time.Duration {
	return d - time.Duration(rand.Float64()*jitter*float64(d))
}
