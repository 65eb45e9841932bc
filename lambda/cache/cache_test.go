package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/postresponse"
)

// source counts the reads of a value that a test sets.
type source struct {
	reads atomic.Int64
	delay time.Duration
	mu    sync.Mutex
	value []byte
	err   error
}

func (s *source) set(value string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.value, s.err = []byte(value), err
	if value == "" {
		s.value = nil
	}
}

func (s *source) load(context.Context) ([]byte, bool, error) {
	s.reads.Add(1)
	s.mu.Lock()
	value, err := s.value, s.err
	s.mu.Unlock()
	time.Sleep(s.delay)
	return value, value != nil, err
}

var (
	errUnavailable = errors.New("the source is unavailable")
	long           = cache.Config{Fresh: time.Minute, Stale: time.Minute, Negative: time.Minute}
)

func newCache(t *testing.T, config cache.Config) *cache.Cache {
	return over(testservices.Redis(t, false), config)
}

func over(s cache.Store, config cache.Config) *cache.Cache {
	return cache.New(s, config, slog.New(slog.DiscardHandler))
}

// results checks one read; status "" matches any.
func results(t *testing.T, c *cache.Cache, key string, s *source, status cache.Status, value string) {
	t.Helper()
	result, err := c.Get(t.Context(), key, s.load)
	works(t, err)
	is(t, "value", value, string(result.Value))
	is(t, "found", value != "", result.Found)
	if status != "" {
		is(t, "status", status, result.Status)
	}
}

func TestReadThrough(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("one", nil)
	results(t, c, key, s, cache.Miss, "one")
	results(t, c, key, s, cache.Hit, "one")
	is(t, "reads", 1, s.reads.Load())
}

// timed runs a test of durations with a Store in memory and a fake clock, which stands still while a goroutine runs:
// the speed of a real Redis depends on the machine. The conformance tests cover the Store's own use of these times.
func timed(t *testing.T, test func(t *testing.T, s cache.Store)) {
	synctest.Test(t, func(t *testing.T) { test(t, newMemory()) })
}

func TestAMissingValueIsCachedForTheNegativeTTL(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s := over(store, cache.Config{Fresh: time.Minute, Negative: 100 * time.Millisecond}), &source{}
		results(t, c, "key", s, cache.Miss, "")
		time.Sleep(89 * time.Millisecond) // jitter may subtract a tenth
		results(t, c, "key", s, cache.Hit, "")
		time.Sleep(11 * time.Millisecond)
		s.set("one", nil)
		results(t, c, "key", s, cache.Miss, "one")
	})
}

func TestNothingIsCachedWithATTLOfZero(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s := over(store, cache.Config{Fresh: time.Minute}), &source{}
		results(t, c, "key", s, cache.Miss, "")
		s.set("one", nil)
		began := time.Now()
		results(t, c, "key", s, "", "one")
		if took := time.Since(began); took != 0 {
			t.Fatalf("the next reader waited %s for a lease that is never filled", took)
		}
	})
}

func TestTheReadAfterAWriteIsAMissAndTheNextAHit(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome {
		s.set("new", nil)
		return cache.Changed
	})
	results(t, c, key, s, cache.Miss, "new")
	results(t, c, key, s, cache.Hit, "new")
}

func TestAFillThatAWriteOverlapsIsNotStored(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, other := over(store, long), over(store, long)
		old, s := &source{delay: 100 * time.Millisecond}, &source{}
		old.set("old", nil)
		s.set("new", nil)
		var filling sync.WaitGroup
		filling.Go(func() { _, _ = c.Get(t.Context(), "key", old.load) })
		synctest.Wait() // until it waits for the source
		other.Write(t.Context(), "key", func(context.Context) cache.Outcome { return cache.Changed })
		results(t, other, "key", s, cache.Miss, "new")
		filling.Wait()
		results(t, c, "key", s, cache.Hit, "new")
	})
}

func TestTheResponseIsSentBeforeTheEntryIsStored(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("one", nil)
	ctx, work := postresponse.NewQueue(t.Context())
	result, err := c.Get(ctx, key, s.load)
	works(t, err)
	is(t, "value", "one", string(result.Value))
	var others sync.WaitGroup
	others.Go(func() { results(t, c, key, s, cache.Hit, "one") }) // waits for the fill
	time.Sleep(30 * time.Millisecond)
	work.Run()
	others.Wait()
	is(t, "reads", 1, s.reads.Load())
}

func TestReadsDuringAWriteGoToTheSource(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome {
		results(t, c, key, s, cache.Bypass, "old")
		return cache.Changed
	})
}

func TestAWriteThatChangedNothingRestoresTheEntry(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Unchanged })
	results(t, c, key, s, cache.Hit, "old")
}

func TestNoEntryIsRestoredOverAnotherWrite(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(ctx context.Context) cache.Outcome {
		c.Write(ctx, key, func(context.Context) cache.Outcome {
			s.set("new", nil)
			return cache.Changed
		})
		return cache.Unchanged
	})
	results(t, c, key, s, "", "new")
}

func TestAWriteOfUnknownOutcomeKeepsReadersOnTheSource(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Unknown })
	results(t, c, key, s, cache.Bypass, "old")
	s.set("late", nil)
	results(t, c, key, s, cache.Bypass, "late")
}

// fresh is how long an entry is fresh in the tests of stale ones.
const fresh = 50 * time.Millisecond

// stale leaves an entry that may be served for some more time, and its source.
func stale(t *testing.T, store cache.Store) (c *cache.Cache, s *source, key string) {
	t.Helper()
	c, s, key = over(store, cache.Config{Fresh: fresh, Stale: time.Minute}), &source{}, newKey()
	s.set("old", nil)
	results(t, c, key, s, cache.Miss, "old")
	time.Sleep(2 * fresh)
	return c, s, key
}

func TestAStaleEntryIsServedWhileTheSourceIsUnavailable(t *testing.T) {
	stores(t, func(t *testing.T, store cache.Store) {
		c, s, key := stale(t, store)
		s.set("", errUnavailable)
		results(t, c, key, s, cache.Stale, "old")
		results(t, c, key, s, cache.Stale, "old")
	})
}

func TestAStaleEntryIsNotServedAfterItsTime(t *testing.T) {
	stores(t, func(t *testing.T, store cache.Store) {
		c, s, key := over(store, cache.Config{Fresh: fresh, Stale: fresh}), &source{}, newKey()
		s.set("old", nil)
		results(t, c, key, s, cache.Miss, "old")
		s.set("", errUnavailable)
		time.Sleep(3 * fresh)
		if _, err := c.Get(t.Context(), key, s.load); !errors.Is(err, errUnavailable) {
			t.Fatalf("got %v", err)
		}
	})
}

func TestAStaleEntryIsReplacedIfTheSourceRespondsQuickly(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s, key := stale(t, store)
		s.set("new", nil)
		results(t, c, key, s, cache.Miss, "new")
		results(t, c, key, s, cache.Hit, "new")
	})
}

func TestAStaleEntryIsServedWhileTheSourceIsSlowAndReplacedLater(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s, key := stale(t, store)
		s.delay = 400 * time.Millisecond
		s.set("new", nil)
		var readers sync.WaitGroup
		began := time.Now()
		for range 20 {
			readers.Go(func() { results(t, c, key, s, cache.Stale, "old") })
		}
		readers.Wait()
		if took := time.Since(began); took != 100*time.Millisecond { // the reader waits as long
			t.Errorf("the readers took %s", took)
		}
		is(t, "reads", 2, s.reads.Load())
		time.Sleep(s.delay - 100*time.Millisecond)
		synctest.Wait()
		is(t, "reads", 2, s.reads.Load())
		results(t, c, key, s, cache.Hit, "new")
	})
}

func TestAStaleEntryIsReplacedBeforeTheEnvironmentIsFrozen(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s, key := stale(t, store)
		s.delay = 400 * time.Millisecond
		s.set("new", nil)
		ctx, work := postresponse.NewQueue(t.Context())
		result, err := c.Get(ctx, key, s.load)
		works(t, err)
		is(t, "status", cache.Stale, result.Status)
		work.Run()
		results(t, c, key, s, cache.Hit, "new")
	})
}

func TestARefreshDoesNotOverwriteAWrite(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, s, key := stale(t, store)
		s.delay = 300 * time.Millisecond
		results(t, c, key, s, cache.Stale, "old")
		c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Changed })
		time.Sleep(s.delay)
		after := &source{}
		after.set("new", nil)
		results(t, c, key, after, cache.Miss, "new")
	})
}

// readersEach is the number of concurrent readers in each of eight execution environments. Waiters
// look at Redis every 25 ms: for very many of them a slow machine is too slow to
// get a result within half a second, and one that gives up reads the source.
const readersEach = 10

func TestConcurrentReadsReadTheSourceOnce(t *testing.T) {
	for name, cluster := range map[string]bool{"alone": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			s, key := &source{delay: 200 * time.Millisecond}, newKey()
			s.set("one", nil)
			var readers sync.WaitGroup
			for range 8 {
				environment := cache.New(testservices.Redis(t, cluster), long, slog.New(slog.DiscardHandler))
				for range readersEach {
					readers.Go(func() {
						result, err := environment.Get(t.Context(), key, s.load)
						if err != nil || string(result.Value) != "one" {
							t.Errorf("got %q, %v", result.Value, err)
						}
					})
				}
			}
			readers.Wait()
			is(t, "reads", 1, s.reads.Load())
		})
	}
}

func TestAFailedFillReleasesItsLease(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("", errUnavailable)
	if _, err := c.Get(t.Context(), key, s.load); !errors.Is(err, errUnavailable) {
		t.Fatalf("got %v", err)
	}
	s.set("one", nil)
	results(t, c, key, s, cache.Miss, "one")
}

func TestAnUnknownValueUnderAKeyIsBypassed(t *testing.T) {
	redis, s, key := testservices.Redis(t, false), &source{}, newKey()
	c := cache.New(redis, long, slog.New(slog.DiscardHandler))
	place(t, redis, key, []byte("something else that is long enough"), time.Minute)
	s.set("one", nil)
	results(t, c, key, s, cache.Bypass, "one")
	results(t, c, key, s, cache.Miss, "one")
}

func TestAReaderWaitsNoLongerThanItsDeadline(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		c, slow := over(store, long), &source{delay: 500 * time.Millisecond}
		slow.set("one", nil)
		var filling sync.WaitGroup
		filling.Go(func() { _, _ = c.Get(t.Context(), "key", slow.load) })
		defer filling.Wait()
		synctest.Wait() // until it waits for the source
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _ = c.Get(ctx, "key", (&source{}).load)
		if took := time.Since(began); took != 50*time.Millisecond {
			t.Errorf("it took %s", took)
		}
	})
}
