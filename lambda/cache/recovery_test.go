package cache_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
)

// memory is a Store without a server, whose clock may be a test's.
type memory struct {
	mu     sync.Mutex
	down   bool
	stored map[string]kept
	// marked are the marks of each key and when they expire.
	marked map[string]map[string]time.Time
}

// errNoTime is for a time to live that Redis would reject too.
var errNoTime = errors.New("no time to live")

type kept struct {
	value []byte
	until time.Time
}

// up ends the fault of down.
func (m *memory) up() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.down = false
}

func newMemory() *memory {
	return &memory{stored: map[string]kept{}, marked: map[string]map[string]time.Time{}}
}

// step changes the value of a key, nil if it has none.
func (m *memory) step(ctx context.Context, key string, do func(stored []byte)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return errDown
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if stored, ok := m.stored[key]; ok && time.Now().Before(stored.until) {
		do(stored.value)
	} else {
		do(nil)
	}
	return nil
}

func (m *memory) set(key string, value []byte, ttl time.Duration) {
	m.stored[key] = kept{value, time.Now().Add(ttl)}
}

func (m *memory) Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error) {
	err = m.step(ctx, key, func(now []byte) {
		if stored, mine = now, now == nil; mine {
			stored = cache.NewLease()
			m.set(key, stored, ttl)
		}
	})
	return stored, mine, err
}

func (m *memory) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (did bool, err error) {
	if ttl < time.Millisecond {
		return false, errNoTime
	}
	err = m.step(ctx, key, func(now []byte) {
		if did = now != nil && bytes.HasPrefix(now, tag); did {
			m.set(key, value, ttl)
		}
	})
	return did, err
}

func (m *memory) Release(ctx context.Context, key string, tag []byte) error {
	return m.step(ctx, key, func(now []byte) {
		if bytes.HasPrefix(now, tag) {
			delete(m.stored, key)
		}
	})
}

func (m *memory) Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (first bool, err error) {
	claim := key + string(tag)
	err = m.step(ctx, claim, func(now []byte) {
		if first = now == nil; first {
			m.set(claim, []byte("claimed"), ttl)
		}
	})
	return first, err
}

func (m *memory) Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error) {
	err = m.step(ctx, key, func(now []byte) {
		tag := cache.NewMark()
		if mine = [][]byte{tag}; !cache.IsMark(now) {
			before = now
		}
		m.marks(key, now, nil)[string(tag)] = time.Now().Add(ttl)
		m.write(key, tag)
	})
	return mine, before, err
}

func (m *memory) End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error {
	return m.step(ctx, key, func(now []byte) {
		left := m.marks(key, now, mine)
		if markFor > 0 {
			left[string(cache.NewMark())] = time.Now().Add(markFor)
		}
		m.write(key, cache.NewMark())
	})
}

// marks are those of a key that have not expired, without the ones that end.
func (m *memory) marks(key string, stored []byte, ended [][]byte) map[string]time.Time {
	if m.marked[key] == nil || !cache.IsMark(stored) {
		m.marked[key] = map[string]time.Time{}
	}
	for _, tag := range ended {
		delete(m.marked[key], string(tag))
	}
	maps.DeleteFunc(m.marked[key], func(_ string, till time.Time) bool { return !time.Now().Before(till) })
	return m.marked[key]
}

// write puts a tag into a key for as long as it has marks.
func (m *memory) write(key string, tag []byte) {
	delete(m.stored, key)
	for _, till := range m.marked[key] {
		if till.After(m.stored[key].until) {
			m.stored[key] = kept{tag, till}
		}
	}
}

func (m *memory) Shard(context.Context, string) (string, error) { return "", nil }

func (m *memory) Ping(ctx context.Context) error { return m.step(ctx, "", func([]byte) {}) }

// pace is the interval of a client's reads in these tests.
const pace = 20 * time.Millisecond

// recovers reads a key until the result has a wanted status, and returns how long that took by the test's clock.
func recovers(t *testing.T, c *cache.Cache, key string, s *source, wanted ...cache.Status) time.Duration {
	t.Helper()
	for began := time.Now(); time.Since(began) < time.Minute; time.Sleep(pace) {
		result, err := c.Get(t.Context(), key, s.load)
		works(t, err)
		for _, status := range wanted {
			if result.Status == status {
				return time.Since(began)
			}
		}
	}
	t.Fatal("it did not recover")
	return 0
}

// However long a dependency was unavailable and whenever it recovers, it is used again
// within a second and the time to the next question.
func TestADependencyThatRecoversIsUsedWithinASecond(t *testing.T) {
	outages := []time.Duration{100 * time.Millisecond, 1010 * time.Millisecond, 5700 * time.Millisecond, 20 * time.Second}
	ask := func(t *testing.T, c *cache.Cache, s *source, lasting time.Duration, status cache.Status) {
		t.Helper()
		for end := time.Now().Add(lasting); time.Now().Before(end); time.Sleep(pace) {
			results(t, c, "key", s, status, "old")
		}
	}
	for _, lasting := range outages {
		t.Run("Redis after "+lasting.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server, s := newMemory(), &source{}
				c := cache.New(cache.NewBreaker(server), long, slog.New(slog.DiscardHandler))
				s.set("old", nil)
				results(t, c, "key", s, cache.Miss, "old")
				server.down = true
				ask(t, c, s, lasting, cache.Bypass)
				server.down = false
				if took := recovers(t, c, "key", s, cache.Hit); took > time.Second+pace {
					t.Errorf("after %s", took)
				}
			})
		})
		t.Run("the source after "+lasting.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{}
				c := cache.New(newMemory(), cache.Config{Fresh: time.Second, Stale: time.Hour}, slog.New(slog.DiscardHandler))
				s.set("old", nil)
				results(t, c, "key", s, cache.Miss, "old")
				time.Sleep(time.Second)
				s.set("old", errUnavailable)
				ask(t, c, s, lasting, cache.Stale)
				s.set("new", nil)
				if took := recovers(t, c, "key", s, cache.Miss); took > time.Second+pace {
					t.Errorf("after %s", took)
				}
			})
		})
	}
}
