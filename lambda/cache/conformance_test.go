package cache_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// stores are all implementations of cache.Store.
func stores(t *testing.T, test func(t *testing.T, s cache.Store)) {
	t.Run("Redis alone", func(t *testing.T) { test(t, testservices.Redis(t, false)) })
	t.Run("Redis cluster", func(t *testing.T) { test(t, testservices.Redis(t, true)) })
	t.Run("in memory", func(t *testing.T) { test(t, newMemory()) })
	t.Run("Redis behind a breaker", func(t *testing.T) { test(t, cache.NewSlowBreaker(testservices.Redis(t, false))) })
}

func newKey() string { return "item:test:{" + rand.Text() + "}" }

// newTagged returns a value with its own tag.
func newTagged(value string) (tag, whole []byte) {
	tag = []byte("V" + rand.Text()[:16])
	return tag, append(bytes.Clone(tag), value...)
}

// place puts a value into a key that is empty.
func place(t *testing.T, s cache.Store, key string, value []byte, ttl time.Duration) {
	t.Helper()
	lease := acquires(t, s, key, time.Minute)
	is(t, "placed", true, must(s.Replace(t.Context(), key, lease, value, ttl)))
}

// acquires gets the lease of an empty key.
func acquires(t *testing.T, s cache.Store, key string, ttl time.Duration) []byte {
	t.Helper()
	stored, mine, err := s.Acquire(t.Context(), key, ttl)
	works(t, err)
	is(t, "the lease is ours", true, mine)
	return stored
}

// finds checks the value of a key.
func finds(t *testing.T, s cache.Store, key string, want []byte) {
	t.Helper()
	stored, mine, err := s.Acquire(t.Context(), key, time.Minute)
	works(t, err)
	is(t, "the lease is ours", false, mine)
	holds(t, want, stored)
}

// marks puts a mark into a key.
func marks(t *testing.T, s cache.Store, key string, ttl time.Duration) (mine [][]byte, before []byte) {
	t.Helper()
	mine, before, err := s.Mark(t.Context(), key, ttl)
	works(t, err)
	return mine, before
}

// isMarked checks that a key is marked, and returns its value.
func isMarked(t *testing.T, s cache.Store, key string) []byte {
	t.Helper()
	stored, mine, err := s.Acquire(t.Context(), key, time.Minute)
	works(t, err)
	if mine || !cache.IsMark(stored) {
		t.Fatalf("the key is not marked: %.40q", stored)
	}
	return stored
}

func TestStoreConformance(t *testing.T) {
	stores(t, func(t *testing.T, s cache.Store) {
		for name, test := range conformance {
			t.Run(name, func(t *testing.T) { test(t, t.Context(), s, newKey()) })
		}
	})
}

// What must still be there lasts a minute, however slow the machine; what lasts
// for less is only looked at once it must have ended.
var conformance = map[string]func(t *testing.T, ctx context.Context, s cache.Store, key string){
	"acquire sets a lease on a missing key": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		finds(t, s, key, acquires(t, s, key, time.Minute))
	},
	"a lease ends by itself": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		first := acquires(t, s, key, 20*time.Millisecond)
		time.Sleep(40 * time.Millisecond)
		if second := acquires(t, s, key, time.Minute); bytes.Equal(first, second) {
			t.Fatal("a lease was granted twice")
		}
	},
	"replace wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, old := newTagged("old")
		other, value := newTagged("new")
		place(t, s, key, old, time.Minute)
		is(t, "with another tag", false, must(s.Replace(ctx, key, other, value, time.Minute)))
		finds(t, s, key, old)
		is(t, "with its tag", true, must(s.Replace(ctx, key, tag, value, time.Minute)))
		finds(t, s, key, value)
	},
	"replace does not change a missing key": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := newTagged("new")
		is(t, "replaced", false, must(s.Replace(ctx, key, tag, value, time.Minute)))
		acquires(t, s, key, time.Minute)
	},
	"replace sets the time to live": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		place(t, s, key, value, 20*time.Millisecond)
		time.Sleep(40 * time.Millisecond)
		acquires(t, s, key, time.Minute)
	},
	"replace wants a time to live": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		lease := acquires(t, s, key, time.Minute)
		if _, err := s.Replace(ctx, key, lease, lease, 0); err == nil {
			t.Fatal("it does not")
		}
		finds(t, s, key, lease)
	},
	"a value of 256 KiB of any bytes is returned": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		value := make([]byte, 256<<10)
		_, _ = rand.Read(value)
		place(t, s, key, value, time.Minute)
		finds(t, s, key, value)
	},
	"release wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := newTagged("")
		other, _ := newTagged("")
		place(t, s, key, value, time.Minute)
		works(t, s.Release(ctx, key, other))
		finds(t, s, key, value)
		works(t, s.Release(ctx, key, tag))
		acquires(t, s, key, time.Minute)
		works(t, s.Release(ctx, newKey(), tag))
	},
	"each tag has its own claim": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, _ := newTagged("")
		other, _ := newTagged("")
		is(t, "first", true, must(s.Claim(ctx, key, tag, time.Minute)))
		is(t, "second", false, must(s.Claim(ctx, key, tag, time.Minute)))
		is(t, "of another tag", true, must(s.Claim(ctx, key, other, time.Minute)))
	},
	"a claim ends by itself": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, _ := newTagged("")
		is(t, "first", true, must(s.Claim(ctx, key, tag, 20*time.Millisecond)))
		time.Sleep(40 * time.Millisecond)
		is(t, "after its time", true, must(s.Claim(ctx, key, tag, time.Minute)))
	},
	"mark marks the key and returns its entry": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		place(t, s, key, value, time.Minute)
		_, before := marks(t, s, key, time.Minute)
		holds(t, value, before)
		_, before = marks(t, s, key, time.Minute)
		holds(t, nil, before)
		isMarked(t, s, key)
	},
	"what a mark replaced is put back over that mark": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		place(t, s, key, value, time.Minute)
		mine, before := marks(t, s, key, time.Minute)
		is(t, "put back", true, must(s.Replace(ctx, key, mine[len(mine)-1], before, time.Minute)))
		finds(t, s, key, value)
	},
	"no entry is restored over the mark of another write": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		mine, _ := marks(t, s, key, time.Minute)
		marks(t, s, key, time.Minute)
		is(t, "put back", false, must(s.Replace(ctx, key, mine[len(mine)-1], value, time.Minute)))
		isMarked(t, s, key)
	},
	"no entry is restored after another write has ended": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		mine, _ := marks(t, s, key, time.Minute)
		other, _ := marks(t, s, key, time.Minute)
		works(t, s.End(ctx, key, other, 0))
		is(t, "put back", false, must(s.Replace(ctx, key, mine[len(mine)-1], value, time.Minute)))
		isMarked(t, s, key)
	},
	"a key is marked until the last write ends": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		first, _ := marks(t, s, key, time.Minute)
		second, _ := marks(t, s, key, time.Minute)
		works(t, s.End(ctx, key, first, 0))
		isMarked(t, s, key)
		works(t, s.End(ctx, key, first, 0))
		isMarked(t, s, key)
		works(t, s.End(ctx, key, second, 0))
		acquires(t, s, key, time.Minute)
	},
	"an unfinished mark lasts for its TTL during other writes": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		marks(t, s, key, 100*time.Millisecond)
		for range 3 {
			other, _ := marks(t, s, key, time.Minute)
			works(t, s.End(ctx, key, other, 0))
		}
		other, _ := marks(t, s, key, time.Minute)
		time.Sleep(150 * time.Millisecond)
		works(t, s.End(ctx, key, other, 0))
		acquires(t, s, key, time.Minute)
	},
	"all marks of a write end with it": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		first, _ := marks(t, s, key, time.Minute)
		second, _ := marks(t, s, key, time.Minute)
		works(t, s.End(ctx, key, append(first, second...), 0))
		acquires(t, s, key, time.Minute)
	},
	"the end of a write can leave a mark": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		place(t, s, key, value, time.Minute)
		works(t, s.End(ctx, key, nil, time.Minute))
		isMarked(t, s, key)
		works(t, s.End(ctx, key, nil, 0))
		isMarked(t, s, key)
	},
	"the end of a write deletes an entry and a lease": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, value := newTagged("value")
		place(t, s, key, value, time.Minute)
		works(t, s.End(ctx, key, nil, 0))
		acquires(t, s, key, time.Minute)
		works(t, s.End(ctx, key, nil, 0))
		acquires(t, s, key, time.Minute)
		works(t, s.End(ctx, newKey(), nil, 0))
	},
	"a key stays on its shard": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		is(t, "shard", must(s.Shard(ctx, key)), must(s.Shard(ctx, key)))
	},
	"ping succeeds": func(t *testing.T, ctx context.Context, s cache.Store, _ string) {
		works(t, s.Ping(ctx))
	},
	"a call that is cancelled fails": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		ctx, cancel := context.WithCancel(ctx)
		cancel()
		if _, _, err := s.Acquire(ctx, key, time.Minute); err == nil {
			t.Fatal("it worked")
		}
	},
}

// must gives the value of a call that may not fail; the panic of one that
// does fails the test.
func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func works(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func is[T comparable](t *testing.T, what string, want, got T) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %v, want %v", what, got, want)
	}
}

func holds(t *testing.T, want, got []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Fatalf("the key holds %.40q, want %.40q", got, want)
	}
}

// A full list of marks becomes one mark, which only expires.
func TestAKeyWithManyMarksStaysMarkedAndSmall(t *testing.T) {
	store, key := testservices.Redis(t, false), newKey()
	var all [][]byte
	for range 100 {
		mine, _ := marks(t, store, key, time.Minute)
		all = append(all, mine...)
		if stored := isMarked(t, store, key); len(stored) > 1200 {
			t.Fatalf("it holds %d bytes", len(stored))
		}
	}
	works(t, store.End(t.Context(), key, all, 0))
	isMarked(t, store, key)

	key = newKey()
	for range 100 {
		marks(t, store, key, time.Second)
	}
	until(t, func() bool {
		_, mine, err := store.Acquire(t.Context(), key, time.Minute)
		works(t, err)
		return mine
	})
}
