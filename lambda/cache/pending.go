package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/didomi/serverless-api/lambda/postresponse"
)

const (
	// repeatTime is for how long invalidations are repeated after an answer has been sent, and
	// repeatPause what passes between two rounds at first; it doubles.
	retryTimeout      = time.Second
	initialRetryDelay = 20 * time.Millisecond
	// repeatEvery is how often that is done while they fail: the instance takes no request meanwhile.
	retryInterval = 5 * time.Second
	// maxPending is how many are kept; beyond it the entries end by themselves.
	maxPending = 1000
	// maxMarks is how many marks of one key are ended late; those before have expired, or expire.
	maxMarks = 32
)

// invalidation is an End that Redis did not answer.
type invalidation struct {
	mine   [][]byte
	marked time.Time // until when the key is to be marked
	until  time.Time // when no entry that it is meant for is left
}

// pending are the invalidations of an instance that failed.
type pendingInvalidations struct {
	count atomic.Int64 // so that a read need not lock

	mu   sync.Mutex
	next time.Time // not repeated before
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

// due reports whether there is something to repeat now.
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

// take returns one of those that are left.
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

// longest is how long an entry can be served after a write that could not invalidate it: one that is
// filled meanwhile, too.
func (c Config) maxEntryAge() time.Duration {
	return max(c.Fresh+c.Stale, c.Negative) + markTTL
}

// repeatLater repeats the invalidations that failed, once the answer has been sent.
func (c *Cache) scheduleRetries(ctx context.Context) {
	if c.pending.due() {
		postresponse.Do(ctx, func() { c.retryInvalidations(context.WithoutCancel(ctx)) })
	}
}

// repeat ends when nothing is left, or with its time.
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
