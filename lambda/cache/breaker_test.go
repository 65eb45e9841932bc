package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
)

// storeFunc is a Store whose every method is one function.
type storeFunc func(ctx context.Context, method string) error

func (f storeFunc) Acquire(ctx context.Context, _ string, _ time.Duration) ([]byte, bool, error) {
	return nil, true, f(ctx, "acquire")
}

func (f storeFunc) Replace(ctx context.Context, _ string, _, _ []byte, _ time.Duration) (bool, error) {
	return true, f(ctx, "replace")
}

func (f storeFunc) Release(ctx context.Context, _ string, _ []byte) error { return f(ctx, "release") }

func (f storeFunc) Claim(ctx context.Context, _ string, _ []byte, _ time.Duration) (bool, error) {
	return true, f(ctx, "claim")
}

func (f storeFunc) Mark(ctx context.Context, _ string, _ time.Duration) (mine [][]byte, before []byte, err error) {
	return nil, nil, f(ctx, "mark")
}

func (f storeFunc) End(ctx context.Context, _ string, _ [][]byte, _ time.Duration) error {
	return f(ctx, "end")
}

// Shard is the part of a key before the first "/".
func (f storeFunc) Shard(ctx context.Context, key string) (string, error) {
	shard, _, _ := strings.Cut(key, "/")
	return shard, f(ctx, "shard")
}

func (f storeFunc) Ping(ctx context.Context) error { return f(ctx, "ping") }

var errDown = errors.New("redis is down")

// The times are those of a clock that stands still while anything runs.
func TestBreaker(t *testing.T) { synctest.Test(t, testBreaker) }

func testBreaker(t *testing.T) {
	calls, err := map[string]int{}, errDown
	b := cache.NewBreaker(storeFunc(func(_ context.Context, method string) error {
		if method == "shard" {
			return nil
		}
		calls[method]++
		return err
	}))
	read := func() error {
		_, _, err := b.Acquire(t.Context(), "key", time.Second)
		return err
	}
	for range 10 {
		_ = read()
	}
	is(t, "reads of a store that keeps failing", 3, calls["acquire"])
	if err := read(); !errors.Is(err, cache.ErrOpen) {
		t.Fatalf("an open breaker returns %v", err)
	}
	if err := b.End(t.Context(), "key", nil, 0); !errors.Is(err, errDown) {
		t.Fatalf("an invalidation did not reach the store: %v", err)
	}
	time.Sleep(999 * time.Millisecond)
	_ = read()
	is(t, "reads within a second", 3, calls["acquire"])
	time.Sleep(time.Millisecond)
	_ = read()
	_ = read()
	is(t, "reads after a second", 4, calls["acquire"])
	err = nil
	time.Sleep(time.Second)
	works(t, read())
	works(t, read())
	is(t, "reads a second after it came back", 6, calls["acquire"])
}

func TestAShardThatFailsDoesNotDisableTheOthers(t *testing.T) {
	var shard string
	b := cache.NewBreaker(storeFunc(func(_ context.Context, method string) error {
		if method == "acquire" && shard == "gone" {
			return errDown
		}
		return nil
	}))
	read := func(key string) error {
		shard, _, _ = strings.Cut(key, "/")
		_, _, err := b.Acquire(t.Context(), key, time.Second)
		return err
	}
	for range 5 {
		_ = read("gone/a")
	}
	if err := read("gone/b"); !errors.Is(err, cache.ErrOpen) {
		t.Fatalf("the failing shard returns %v", err)
	}
	works(t, read("there/a"))
}

func TestAServerWithUnknownShardsHasOneCircuit(t *testing.T) {
	asked := 0
	b := cache.NewBreaker(storeFunc(func(_ context.Context, method string) error {
		asked++
		return errDown
	}))
	for range 10 {
		_, _, _ = b.Acquire(t.Context(), "a/a", time.Second)
	}
	is(t, "questions", 3, asked)
}

func TestTheBreakerIgnoresCancelledCallers(t *testing.T) {
	b := cache.NewBreaker(storeFunc(func(ctx context.Context, _ string) error { return ctx.Err() }))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		_, _, err := b.Acquire(ctx, "key", time.Second)
		if errors.Is(err, cache.ErrOpen) {
			t.Fatal("callers that left opened the breaker")
		}
	}
}

func TestAHangingStoreDelaysReadsBriefly(t *testing.T) {
	synctest.Test(t, testAStoreThatHangs)
}

func testAStoreThatHangs(t *testing.T) {
	b := cache.NewBreaker(storeFunc(func(ctx context.Context, _ string) error {
		<-ctx.Done()
		return ctx.Err()
	}))
	c, s := cache.New(b, long, slog.New(slog.DiscardHandler)), &source{}
	s.set("one", nil)
	began := time.Now()
	results(t, c, "key", s, cache.Bypass, "one")
	if took := time.Since(began); took != time.Second {
		t.Fatalf("the first read took %s", took)
	}
	results(t, c, "key", s, cache.Bypass, "one")
	results(t, c, "key", s, cache.Bypass, "one")
	began = time.Now()
	results(t, c, "key", s, cache.Bypass, "one")
	if took := time.Since(began); took != 0 {
		t.Fatalf("with the breaker open a read took %s", took)
	}
}
