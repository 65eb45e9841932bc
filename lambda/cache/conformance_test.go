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
	t.Run("Redis behind a breaker", func(t *testing.T) { test(t, cache.NewBreaker(testparts.Redis(t, false))) })
}

func newKey() string { return "item:test:{" + rand.Text() + "}" }

// tagged returns a value with a tag of its own.
func tagged(value string) (tag, whole []byte) {
	tag = []byte("V" + rand.Text()[:16])
	return tag, append(bytes.Clone(tag), value...)
}

func TestStoreConformance(t *testing.T) {
	stores(t, func(t *testing.T, s cache.Store) {
		for name, test := range conformance {
			t.Run(name, func(t *testing.T) { test(t, t.Context(), s, newKey()) })
		}
	})
}

var conformance = map[string]func(t *testing.T, ctx context.Context, s cache.Store, key string){
	"acquire leaves the lease where there was nothing": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		first, second := []byte("first"), []byte("second")
		holds(t, first, must(s.Acquire(ctx, key, first, time.Minute)))
		holds(t, first, must(s.Acquire(ctx, key, second, time.Minute)))
	},
	"a lease ends by itself": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		must(s.Acquire(ctx, key, []byte("first"), 20*time.Millisecond))
		time.Sleep(40 * time.Millisecond)
		holds(t, []byte("second"), must(s.Acquire(ctx, key, []byte("second"), time.Minute)))
	},
	"replace wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, old := tagged("old")
		other, value := tagged("new")
		must(s.Acquire(ctx, key, old, time.Minute))
		is(t, "with another tag", false, must(s.Replace(ctx, key, other, value, time.Minute)))
		holds(t, old, must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
		is(t, "with its tag", true, must(s.Replace(ctx, key, tag, value, time.Minute)))
		holds(t, value, must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
	},
	"replace does nothing to a key that is gone": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := tagged("new")
		is(t, "replaced", false, must(s.Replace(ctx, key, tag, value, time.Minute)))
		holds(t, []byte("x"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
	},
	"replace sets the time to live": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, old := tagged("old")
		must(s.Acquire(ctx, key, old, time.Minute))
		must(s.Replace(ctx, key, tag, old, 20*time.Millisecond))
		time.Sleep(40 * time.Millisecond)
		holds(t, []byte("x"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
	},
	"a value of 256 KiB of any bytes comes back": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		value := make([]byte, 256<<10)
		_, _ = rand.Read(value)
		must(s.Acquire(ctx, key, value, time.Minute))
		holds(t, value, must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
	},
	"release wants the tag": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, value := tagged("")
		other, _ := tagged("")
		must(s.Acquire(ctx, key, value, time.Minute))
		works(t, s.Release(ctx, key, other))
		holds(t, value, must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
		works(t, s.Release(ctx, key, tag))
		holds(t, []byte("x"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
		works(t, s.Release(ctx, newKey(), tag))
	},
	"one claims a refresh, for each tag anew": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		tag, _ := tagged("")
		other, _ := tagged("")
		is(t, "first", true, must(s.Claim(ctx, key, tag, 50*time.Millisecond)))
		is(t, "second", false, must(s.Claim(ctx, key, tag, 50*time.Millisecond)))
		is(t, "of another tag", true, must(s.Claim(ctx, key, other, 50*time.Millisecond)))
		time.Sleep(80 * time.Millisecond)
		is(t, "after its time", true, must(s.Claim(ctx, key, tag, time.Minute)))
	},
	"mark takes the key and returns what it held": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		if before := must(s.Mark(ctx, key, []byte("mark"), time.Minute)); len(before) != 0 {
			t.Fatalf("an empty key held %q", before)
		}
		holds(t, []byte("mark"), must(s.Mark(ctx, key, []byte("next"), 20*time.Millisecond)))
		holds(t, []byte("next"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
		time.Sleep(40 * time.Millisecond)
		holds(t, []byte("x"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
	},
	"clear empties the key": func(t *testing.T, ctx context.Context, s cache.Store, key string) {
		must(s.Mark(ctx, key, []byte("mark"), time.Minute))
		works(t, s.Clear(ctx, key))
		holds(t, []byte("x"), must(s.Acquire(ctx, key, []byte("x"), time.Minute)))
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
		if _, err := s.Acquire(ctx, key, []byte("x"), time.Minute); err == nil {
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
