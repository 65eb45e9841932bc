package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/didomi/serverless-api/lambda/postresponse"
)

const (
	// retryTimeout bounds the retries of invalidations after a response, and initialRetryDelay is the first delay between
	// two of them; it doubles.
	retryTimeout      = time.Second
	initialRetryDelay = 20 * time.Millisecond
	// retryInterval is the time between such retries while they fail: the environment takes no request during them.
	retryInterval = 5 * time.Second
	// maxPending bounds the pending keys; entries beyond it expire by themselves.
	maxPending = 1000
	// maxMarks bounds the marks of a key that are removed late; earlier ones have expired, or will.
	maxMarks = 32
)

// invalidation is an End that failed.
type invalidation struct {
	mine   [][]byte
	marked time.Time // until when the key is to be marked
	until  time.Time // when all entries that it invalidates have expired
}

// pendingInvalidations are the failed invalidations of an execution environment.
type pendingInvalidations struct {
	count atomic.Int64 // so that reads need no lock

	mu   sync.Mutex
	next time.Time // no retry before
	all  map[string]invalidation
}

func (p *pendingInvalidations) add(key string, failed invalidation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.all == nil {
		p.all = map[string]invalidation{}
	}
	if _, known := p.all[key]; !known && len(p.all) >= maxPending {
		return
	}
	if older := p.all[key]; older.marked.After(failed.marked) {
		failed.marked = older.marked
	}
	failed.mine = append(p.all[key].mine, failed.mine...)
	failed.mine = failed.mine[max(0, len(failed.mine)-maxMarks):]
	p.all[key] = failed
	p.count.Store(int64(len(p.all)))
}

// due reports whether there are invalidations to retry now.
func (p *pendingInvalidations) due() bool {
	if p.count.Load() == 0 {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Before(p.next) {
		return false
	}
	p.next = now.Add(retryInterval)
	return true
}

// pop removes and returns one invalidation that has not expired.
func (p *pendingInvalidations) pop() (key string, failed invalidation, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, failed = range p.all {
		delete(p.all, key)
		p.count.Store(int64(len(p.all)))
		if time.Now().Before(failed.until) {
			return key, failed, true
		}
	}
	p.next = time.Time{}
	return "", invalidation{}, false
}

// maxEntryAge is how long an entry can be served after a write that failed to invalidate it, including one that is filled
// during the write.
func (c Config) maxEntryAge() time.Duration {
	return max(c.Fresh+c.Stale, c.Negative) + markTTL
}

// scheduleRetries retries failed invalidations after the response.
func (c *Cache) scheduleRetries(ctx context.Context) {
	if c.pending.due() {
		postresponse.Do(ctx, func() { c.retryInvalidations(context.WithoutCancel(ctx)) })
	}
}

// retryInvalidations returns when none are left, or after retryTimeout.
func (c *Cache) retryInvalidations(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, retryTimeout)
	defer cancel()
	for delay := initialRetryDelay; ; {
		key, failed, ok := c.pending.pop()
		if !ok {
			return
		}
		err := c.store.End(ctx, key, failed.mine, max(0, time.Until(failed.marked)))
		if err == nil {
			continue
		}
		c.pending.add(key, failed)
		select {
		case <-time.After(delay):
			delay *= 2
		case <-ctx.Done():
			c.logFailure(ctx, "repeating an invalidation", err)
			return
		}
	}
}
