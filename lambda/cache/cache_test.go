package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testparts"
	"github.com/didomi/serverless-api/lambda/later"
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
	errAway = errors.New("the source is away")
	long    = cache.Config{Fresh: time.Minute, Stale: time.Minute, Negative: time.Minute}
)

func newCache(t *testing.T, config cache.Config) *cache.Cache {
	return cache.New(testparts.Redis(t, false), config, slog.New(slog.DiscardHandler))
}

// answers checks one read; status "" stands for any.
func answers(t *testing.T, c *cache.Cache, key string, s *source, status cache.Status, value string) {
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
	answers(t, c, key, s, cache.Miss, "one")
	answers(t, c, key, s, cache.Hit, "one")
	is(t, "reads", 1, s.reads.Load())
}

func TestAbsenceIsRememberedForItsTime(t *testing.T) {
	c, s, key := newCache(t, cache.Config{Fresh: time.Minute, Negative: 100 * time.Millisecond}), &source{}, newKey()
	answers(t, c, key, s, cache.Miss, "")
	answers(t, c, key, s, cache.Hit, "")
	time.Sleep(120 * time.Millisecond)
	s.set("one", nil)
	answers(t, c, key, s, cache.Miss, "one")
}

func TestNothingIsRememberedWithoutATime(t *testing.T) {
	c, s, key := newCache(t, cache.Config{Fresh: time.Minute}), &source{}, newKey()
	answers(t, c, key, s, cache.Miss, "")
	s.set("one", nil)
	began := time.Now()
	answers(t, c, key, s, "", "one")
	if took := time.Since(began); took > time.Second {
		t.Fatalf("the next reader waited %s for a lease that nobody fills", took)
	}
}

func TestTheReadAfterAWriteIsAMissAndTheNextAHit(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	answers(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome {
		s.set("new", nil)
		return cache.Changed
	})
	answers(t, c, key, s, cache.Miss, "new")
	answers(t, c, key, s, cache.Hit, "new")
}

func TestAFillUnderWayWhenAWriteIsAcknowledgedIsNotKept(t *testing.T) {
	c, other, key := newCache(t, long), newCache(t, long), newKey()
	old, s := &source{delay: 100 * time.Millisecond}, &source{}
	old.set("old", nil)
	s.set("new", nil)
	var filling sync.WaitGroup
	filling.Go(func() { _, _ = c.Get(t.Context(), key, old.load) })
	time.Sleep(30 * time.Millisecond)
	other.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Changed })
	answers(t, other, key, s, cache.Miss, "new")
	filling.Wait()
	answers(t, c, key, s, cache.Hit, "new")
}

func TestAnAnswerIsSentBeforeTheCacheHasIt(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("one", nil)
	ctx, work := later.Collect(t.Context())
	result, err := c.Get(ctx, key, s.load)
	works(t, err)
	is(t, "value", "one", string(result.Value))
	var others sync.WaitGroup
	others.Go(func() { answers(t, c, key, s, cache.Hit, "one") }) // waits for the fill
	time.Sleep(30 * time.Millisecond)
	work.Finish()
	others.Wait()
	is(t, "reads", 1, s.reads.Load())
}

func TestReadsDuringAWriteGoToTheSource(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	answers(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome {
		answers(t, c, key, s, cache.Bypass, "old")
		return cache.Changed
	})
}

func TestAWriteThatDidNotHappenPutsTheEntryBack(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	answers(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Unchanged })
	answers(t, c, key, s, cache.Hit, "old")
}

func TestNothingIsPutBackOverAnotherWrite(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	answers(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(ctx context.Context) cache.Outcome {
		c.Write(ctx, key, func(context.Context) cache.Outcome {
			s.set("new", nil)
			return cache.Changed
		})
		return cache.Unchanged
	})
	answers(t, c, key, s, "", "new")
}

func TestAWriteOfUnknownOutcomeKeepsReadersOnTheSource(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("old", nil)
	answers(t, c, key, s, cache.Miss, "old")
	c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Unknown })
	answers(t, c, key, s, cache.Bypass, "old")
	s.set("late", nil)
	answers(t, c, key, s, cache.Bypass, "late")
}

func TestStaleEntry(t *testing.T) {
	const fresh = 50 * time.Millisecond
	stale := func(t *testing.T) (*cache.Cache, *source, string) {
		c, s, key := newCache(t, cache.Config{Fresh: fresh, Stale: 10 * time.Second}), &source{}, newKey()
		s.set("old", nil)
		answers(t, c, key, s, cache.Miss, "old")
		time.Sleep(2 * fresh)
		return c, s, key
	}
	t.Run("is replaced by the one reader who gets an answer soon", func(t *testing.T) {
		c, s, key := stale(t)
		s.set("new", nil)
		answers(t, c, key, s, cache.Miss, "new")
		answers(t, c, key, s, cache.Hit, "new")
	})
	t.Run("is served at once while the source is slow, and replaced later", func(t *testing.T) {
		c, s, key := stale(t)
		s.delay = 400 * time.Millisecond
		s.set("new", nil)
		var readers sync.WaitGroup
		began := time.Now()
		for range 20 {
			readers.Go(func() { answers(t, c, key, s, cache.Stale, "old") })
		}
		readers.Wait()
		if took := time.Since(began); took > 350*time.Millisecond {
			t.Fatalf("the readers took %s", took)
		}
		is(t, "reads", 2, s.reads.Load())
		time.Sleep(400 * time.Millisecond)
		is(t, "reads", 2, s.reads.Load())
		result, err := c.Get(t.Context(), key, s.load)
		works(t, err)
		is(t, "value", "new", string(result.Value))
	})
	t.Run("is replaced before the instance is frozen", func(t *testing.T) {
		c, s, key := stale(t)
		s.delay = 400 * time.Millisecond
		s.set("new", nil)
		ctx, work := later.Collect(t.Context())
		result, err := c.Get(ctx, key, s.load)
		works(t, err)
		is(t, "status", cache.Stale, result.Status)
		work.Finish()
		result, err = c.Get(t.Context(), key, s.load)
		works(t, err)
		is(t, "value", "new", string(result.Value))
	})
	t.Run("is served while the source is away", func(t *testing.T) {
		c, s, key := stale(t)
		s.set("", errAway)
		answers(t, c, key, s, cache.Stale, "old")
		answers(t, c, key, s, cache.Stale, "old")
	})
	t.Run("is not served after its time", func(t *testing.T) {
		c, s, key := newCache(t, cache.Config{Fresh: fresh, Stale: fresh}), &source{}, newKey()
		s.set("old", nil)
		answers(t, c, key, s, cache.Miss, "old")
		s.set("", errAway)
		time.Sleep(3 * fresh)
		if _, err := c.Get(t.Context(), key, s.load); !errors.Is(err, errAway) {
			t.Fatalf("got %v", err)
		}
	})
	t.Run("is not kept over a write", func(t *testing.T) {
		c, s, key := stale(t)
		s.delay = 300 * time.Millisecond
		answers(t, c, key, s, cache.Stale, "old")
		c.Write(t.Context(), key, func(context.Context) cache.Outcome { return cache.Changed })
		time.Sleep(s.delay)
		after := &source{}
		after.set("new", nil)
		answers(t, c, key, after, cache.Miss, "new")
	})
}

func TestOneReadOfTheSourceHoweverManyAsk(t *testing.T) {
	for name, cluster := range map[string]bool{"alone": false, "cluster": true} {
		t.Run(name, func(t *testing.T) {
			s, key := &source{delay: 200 * time.Millisecond}, newKey()
			s.set("one", nil)
			var readers sync.WaitGroup
			for range 8 {
				instance := cache.New(testparts.Redis(t, cluster), long, slog.New(slog.DiscardHandler))
				for range readersEach {
					readers.Go(func() {
						result, err := instance.Get(t.Context(), key, s.load)
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

func TestAFillThatFailsLeavesTheNextReaderToTry(t *testing.T) {
	c, s, key := newCache(t, long), &source{}, newKey()
	s.set("", errAway)
	if _, err := c.Get(t.Context(), key, s.load); !errors.Is(err, errAway) {
		t.Fatalf("got %v", err)
	}
	s.set("one", nil)
	answers(t, c, key, s, cache.Miss, "one")
}

func TestAKeyWithSomethingElseIsReadPast(t *testing.T) {
	redis, s, key := testparts.Redis(t, false), &source{}, newKey()
	c := cache.New(redis, long, slog.New(slog.DiscardHandler))
	place(t, redis, key, []byte("something else that is long enough"), time.Minute)
	s.set("one", nil)
	answers(t, c, key, s, cache.Bypass, "one")
	answers(t, c, key, s, cache.Miss, "one")
}

func TestAReaderWaitsNoLongerThanItsDeadline(t *testing.T) {
	c, key := newCache(t, long), newKey()
	slow := &source{delay: 500 * time.Millisecond}
	slow.set("one", nil)
	var filling sync.WaitGroup
	filling.Go(func() { _, _ = c.Get(t.Context(), key, slow.load) })
	time.Sleep(30 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	_, _ = c.Get(ctx, key, (&source{}).load)
	if took := time.Since(began); took > 200*time.Millisecond {
		t.Fatalf("it took %s", took)
	}
	filling.Wait()
}
