package cache_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testparts"
)

// stores are all implementations of cache.Store.
func stores(t *testing.T, test func(t *testing.T, s cache.Store)) {
	t.Run("Redis alone", func(t *testing.T) { test(t, testparts.Redis(t, false)) })
	t.Run("Redis cluster", func(t *testing.T) { test(t, testparts.Redis(t, true)) })
	t.Run("in memory", func(t *testing.T) { test(t, newMemory()) })
	t.Run("Redis behind a breaker", func(t *testing.T) { test(t, cache.NewBreaker(testparts.Redis(t, false))) })
}

func newKey() string { return "item:test:{" + rand.Text() + "}" }

// tagged returns a value with a tag of its own.
func tagged(value string) (tag, whole []byte) {
	tag = []byte("V" + rand.Text()[:16])
	return tag, append(bytes.Clone(tag), value...)
}

// place puts a value into a key that is empty.
func place(t *testing.T, s cache.Store, key string, value []byte, ttl time.Duration) {
	t.Helper()
	lease := acquires(t, s, key, time.Minute)
	is(t, "placed", true, must(s.Replace(t.Context(), key, lease, value, ttl)))
}

// acquires gets the lease of a key that is empty.
func acquires(t *testing.T, s cache.Store, key string, ttl time.Duration) []byte {
	t.Helper()
	held, mine, err := s.Acquire(t.Context(), key, ttl)
	works(t, err)
	is(t, "the lease is ours", true, mine)
	return held
}

// finds checks what a key holds.
func finds(t *testing.T, s cache.Store, key string, want []byte) {
	t.Helper()
	held, mine, err := s.Acquire(t.Context(), key, time.Minute)
	works(t, err)
	is(t, "the lease is ours", false, mine)
	holds(t, want, held)
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
	"acquire leaves a lease where there was nothing": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		finds(t, s, key, acquires(t, s, key, time.Minute))
	},
	"a lease ends by itself": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		first := acquires(t, s, key, 20*time.Millisecond)
		time.Sleep(40 * time.Millisecond)
		if second := acquires(t, s, key, time.Minute); bytes.Equal(first, second) {
			t.Fatal("a lease was given out twice")
		}
	},
	"replace wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, old := tagged("old")
		other, value := tagged("new")
		place(t, s, key, old, time.Minute)
		is(t, "with another tag", false, must(s.Replace(ctx, key, other, value, time.Minute)))
		finds(t, s, key, old)
		is(t, "with its tag", true, must(s.Replace(ctx, key, tag, value, time.Minute)))
		finds(t, s, key, value)
	},
	"replace does nothing to a key that is gone": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := tagged("new")
		is(t, "replaced", false, must(s.Replace(ctx, key, tag, value, time.Minute)))
		acquires(t, s, key, time.Minute)
	},
	"replace sets the time to live": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		_, value := tagged("value")
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
	"a value of 256 KiB of any bytes comes back": func(t *testing.T, _ context.Context, s cache.Store, key string) {
		value := make([]byte, 256<<10)
		_, _ = rand.Read(value)
		place(t, s, key, value, time.Minute)
		finds(t, s, key, value)
	},
	"release wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := tagged("")
		other, _ := tagged("")
		place(t, s, key, value, time.Minute)
		works(t, s.Release(ctx, key, other))
		finds(t, s, key, value)
		works(t, s.Release(ctx, key, tag))
		acquires(t, s, key, time.Minute)
		works(t, s.Release(ctx, newKey(), tag))
	},
	"one claims a refresh, for each tag anew": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, _ := tagged("")
		other, _ := tagged("")
		is(t, "first", true, must(s.Claim(ctx, key, tag, time.Minute)))
		is(t, "second", false, must(s.Claim(ctx, key, tag, time.Minute)))
		is(t, "of another tag", true, must(s.Claim(ctx, key, other, time.Minute)))
	},
	"a claim ends by itself": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, _ := tagged("")
		is(t, "first", true, must(s.Claim(ctx, key, tag, 20*time.Millisecond)))
		time.Sleep(40 * time.Millisecond)
		is(t, "after its time", true, must(s.Claim(ctx, key, tag, time.Minute)))
	},
	"mark takes the key and returns what it held": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		first, before, err := s.Mark(ctx, key, time.Minute)
		works(t, err)
		if len(before) != 0 {
			t.Fatalf("an empty key held %q", before)
		}
		second, before, err := s.Mark(ctx, key, time.Minute)
		works(t, err)
		holds(t, first, before)
		finds(t, s, key, second)
	},
	"a mark ends by itself": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, _, err := s.Mark(ctx, key, 20*time.Millisecond)
		works(t, err)
		time.Sleep(40 * time.Millisecond)
		acquires(t, s, key, time.Minute)
	},
	"clear empties the key": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		_, _, err := s.Mark(ctx, key, time.Minute)
		works(t, err)
		works(t, s.Clear(ctx, key))
		acquires(t, s, key, time.Minute)
		works(t, s.Clear(ctx, newKey()))
	},
	"a key stays on its shard": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		is(t, "shard", must(s.Shard(ctx, key)), must(s.Shard(ctx, key)))
	},
	"ping answers": func(t *testing.T, ctx context.Context, s cache.Store, _ string) {
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
