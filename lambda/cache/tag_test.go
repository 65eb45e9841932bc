package cache_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/testparts"
)

// aside is a Redis, alone or a cluster, whose every connection goes through a
// proxy before its node.
type aside struct {
	cache.Store
	proxies func() []*faultproxy.Proxy
}

func newAside(t *testing.T, cluster bool, maxIdle time.Duration) aside {
	t.Helper()
	address := testparts.Address(t, map[bool]string{false: "TEST_REDIS_ADDR", true: "TEST_REDIS_CLUSTER_ADDR"}[cluster])
	var mu sync.Mutex
	nodes := map[string]*faultproxy.Proxy{}
	server := cache.OpenRedis(cache.RedisConfig{
		Address: address, Cluster: cluster, Conns: 4, MaxIdle: maxIdle,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			mu.Lock()
			if nodes[address] == nil {
				nodes[address] = faultproxy.New(t, address)
			}
			via := nodes[address].Address()
			mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, via)
		},
	})
	t.Cleanup(func() { _ = server.Close() })
	return aside{server, func() (all []*faultproxy.Proxy) {
		mu.Lock()
		defer mu.Unlock()
		for _, proxy := range nodes {
			all = append(all, proxy)
		}
		return all
	}}
}

func (a aside) hold() {
	for _, proxy := range a.proxies() {
		proxy.Hold()
	}
}

func (a aside) restore() {
	for _, proxy := range a.proxies() {
		proxy.Restore()
	}
}

// A reader asks for a lease, gets no answer in time and asks again. While it
// reads the source a write is acknowledged, and then the first request arrives:
// the lease that it leaves must not be the one that the reader fills.
func TestALeaseThatWasAskedForTwiceDoesNotComeBack(t *testing.T) {
	for name, cluster := range map[string]bool{"Redis alone": false, "Redis cluster": true} {
		t.Run(name, func(t *testing.T) {
			slow, other, key := newAside(t, cluster, 0), newCache(t, long), newKey()
			_, _, err := slow.Acquire(t.Context(), key, time.Millisecond) // connects
			works(t, err)
			time.Sleep(10 * time.Millisecond)
			slow.hold()
			reader, s := cache.New(slow, long, slog.New(slog.DiscardHandler)), &source{}
			s.set("new", nil)
			if cluster {
				other = cache.New(testparts.Redis(t, true), long, slog.New(slog.DiscardHandler))
			}
			result, err := reader.Get(t.Context(), key, func(ctx context.Context) ([]byte, bool, error) {
				other.Write(ctx, key, func(context.Context) cache.Outcome { return cache.Changed })
				slow.restore()
				time.Sleep(100 * time.Millisecond) // the first request arrives
				return []byte("old"), true, nil
			})
			works(t, err)
			is(t, "the reader's value", "old", string(result.Value))
			answers(t, other, key, s, "", "new")
		})
	}
}

// A writer marks a key, gets no answer in time and marks it again; its write
// does not happen. Meanwhile another write was acknowledged, and then the first
// mark arrives: what the writer puts back must not take its place.
func TestAMarkThatWasSetTwiceDoesNotComeBack(t *testing.T) {
	slow, other, key := newAside(t, false, 0), newCache(t, long), newKey()
	writer, s := cache.New(slow, long, slog.New(slog.DiscardHandler)), &source{}
	s.set("old", nil)
	answers(t, writer, key, s, cache.Miss, "old")
	slow.hold()
	writer.Write(t.Context(), key, func(ctx context.Context) cache.Outcome {
		other.Write(ctx, key, func(context.Context) cache.Outcome { return cache.Changed })
		slow.restore()
		time.Sleep(100 * time.Millisecond) // the first mark arrives
		return cache.Unchanged
	})
	s.set("new", nil)
	answers(t, other, key, s, "", "new")
}

func TestAConnectionToRedisThatDiedIsReplaced(t *testing.T) {
	for name, fail := range map[string]func(aside){
		"and says so":      func(a aside) { a.proxies()[0].Cut() },
		"and says nothing": aside.hold,
	} {
		t.Run(name, func(t *testing.T) {
			store := newAside(t, false, 0)
			acquires(t, store, newKey(), time.Minute)
			fail(store)
			acquires(t, store, newKey(), time.Minute)
			fail(store)
			_, _, err := store.Mark(t.Context(), newKey(), time.Minute)
			works(t, err)
		})
	}
}

func TestAConnectionToRedisThatIdledForTooLongIsNotUsed(t *testing.T) {
	store := newAside(t, false, 30*time.Millisecond)
	acquires(t, store, newKey(), time.Minute)
	time.Sleep(60 * time.Millisecond)
	store.hold()
	// There is no time for a command that is not answered and another one.
	ctx, cancel := context.WithTimeout(t.Context(), 450*time.Millisecond)
	defer cancel()
	_, _, err := store.Acquire(ctx, newKey(), time.Minute)
	works(t, err)
}

// arriving is a Store whose invalidations arrive in the end: the promise knows
// an exception for those that do not.
type arriving struct{ cache.Store }

func (a arriving) Clear(ctx context.Context, key string) error {
	for ctx.Err() == nil {
		if err := a.Store.Clear(ctx, key); err == nil {
			return nil
		}
	}
	return errors.New("the test has ended")
}

// Connections are held for longer than the client waits, so that commands which
// were given up are carried out later, in the middle of whatever follows them;
// and what is in the cache stays there, so that nothing wrong goes by unseen.
func TestNoReadIsOlderThoughCommandsArriveLate(t *testing.T) {
	for name, cluster := range map[string]bool{"Redis alone": false, "Redis cluster": true} {
		t.Run(name, func(t *testing.T) {
			w := &world{server: testparts.Redis(t, cluster)}
			var all []aside
			for range 4 {
				all = append(all, newAside(t, cluster, 0))
				w.instances = append(w.instances, cache.New(arriving{all[len(all)-1]}, long, slog.New(slog.DiscardHandler)))
			}
			for range 3 {
				w.keys, w.truth = append(w.keys, newKey()), append(w.truth, &history{})
			}
			const lasting = 5 * time.Second
			var holding sync.WaitGroup
			for _, one := range all {
				holding.Go(func() {
					for end := time.Now().Add(lasting); time.Now().Before(end); {
						pause(50 * time.Millisecond)
						one.hold()
						time.Sleep(500*time.Millisecond + rand.N(20*time.Millisecond))
						one.restore()
					}
				})
			}
			w.run(t, lasting)
			holding.Wait()
		})
	}
}
