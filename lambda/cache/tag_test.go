package cache_test

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// aside is a Redis, alone or a cluster, whose every connection goes through a
// proxy before its node.
type aside struct {
	cache.Store
	proxies func() []*faultproxy.Proxy
}

func newAside(t *testing.T, cluster bool, maxIdle time.Duration) aside {
	t.Helper()
	address := testservices.Address(t, map[bool]string{false: "TEST_REDIS_ADDR", true: "TEST_REDIS_CLUSTER_ADDR"}[cluster])
	var mu sync.Mutex
	nodes := map[string]*faultproxy.Proxy{}
	server := cache.OpenRedis(cache.RedisConfig{
		Address: address, Cluster: cluster, Conns: 96, MaxIdle: maxIdle,
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

func (a aside) slow() {
	for _, proxy := range a.proxies() {
		proxy.Slow(20 * time.Millisecond)
	}
}

func (a aside) restore() {
	for _, proxy := range a.proxies() {
		proxy.Restore()
	}
}

// A reader asks for a lease, gets no response in time and asks again. While it
// reads the source a write is acknowledged, and then the first request arrives:
// the lease that it leaves must not be the one that the reader fills.
func TestARepeatedLeaseDoesNotReappear(t *testing.T) {
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
				other = cache.New(testservices.Redis(t, true), long, slog.New(slog.DiscardHandler))
			}
			result, err := reader.Get(t.Context(), key, func(ctx context.Context) ([]byte, bool, error) {
				other.Write(ctx, key, func(context.Context) cache.Outcome { return cache.Changed })
				slow.restore()
				time.Sleep(100 * time.Millisecond) // the first request arrives
				return []byte("old"), true, nil
			})
			works(t, err)
			is(t, "the reader's value", "old", string(result.Value))
			results(t, other, key, s, "", "new")
		})
	}
}

// A writer marks a key, gets no response in time and marks it again; its write
// does not happen. Meanwhile another write was acknowledged, and then the first
// mark arrives: what the writer puts back must not take its place.
func TestARepeatedMarkDoesNotReappear(t *testing.T) {
	slow, other, key := newAside(t, false, 0), newCache(t, long), newKey()
	writer, s := cache.New(slow, long, slog.New(slog.DiscardHandler)), &source{}
	s.set("old", nil)
	results(t, writer, key, s, cache.Miss, "old")
	slow.hold()
	writer.Write(t.Context(), key, func(ctx context.Context) cache.Outcome {
		other.Write(ctx, key, func(context.Context) cache.Outcome { return cache.Changed })
		slow.restore()
		time.Sleep(100 * time.Millisecond) // the first mark arrives
		return cache.Unchanged
	})
	s.set("new", nil)
	results(t, other, key, s, "", "new")
}

func TestADeadConnectionToRedisIsReplaced(t *testing.T) {
	for name, fail := range map[string]func(aside){
		"and resets":       func(a aside) { a.proxies()[0].ResetOnce() },
		"and stays silent": aside.hold,
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

func TestAConnectionToRedisIdleForTooLongIsNotUsed(t *testing.T) {
	store, key := newAside(t, false, 30*time.Millisecond), newKey()
	acquires(t, store, newKey(), time.Minute)
	time.Sleep(60 * time.Millisecond)
	store.hold()
	works(t, store.Release(t.Context(), key, acquires(t, store, key, time.Minute)))
	store.restore()
	time.Sleep(100 * time.Millisecond) // until the command on the held connection has arrived
	acquires(t, store, key, time.Minute)
}

// The connections of one execution environment are held for longer than its timeout, so that Redis runs abandoned
// commands later: during its second try, its reads of the source or another environment's writes, all at random.
// Entries do not expire, so that a wrong one is not missed.
func TestReadsAreCurrentEvenIfCommandsArriveLate(t *testing.T) {
	lasting := soak.For(t, time.Second) / 2
	for name, cluster := range map[string]bool{"Redis alone": false, "Redis cluster": true} {
		t.Run(name, func(t *testing.T) {
			figures := soak.Count(t)
			for end := time.Now().Add(lasting); time.Now().Before(end); {
				t.Run("one hold", func(t *testing.T) { newHeld(t, cluster, figures).run() })
			}
		})
	}
}

const (
	heldKeys   = 96
	heldSpread = 200 * time.Millisecond
)

// heldWorld is a world with one more execution environment, whose connections are held once.
type heldWorld struct {
	*world
	t    *testing.T
	late aside
	slow *cache.Cache
}

func newHeld(t *testing.T, cluster bool, figures *soak.Figures) heldWorld {
	server := testservices.Redis(t, cluster)
	h := heldWorld{t: t, late: newAside(t, cluster, 0), world: &world{
		server: server, figures: figures,
		environments: []*cache.Cache{cache.New(server, long, slog.New(slog.DiscardHandler))},
	}}
	h.slow = cache.New(h.late, long, slog.New(slog.DiscardHandler))
	for range heldKeys {
		h.keys, h.truth = append(h.keys, newKey()), append(h.truth, &history{results: heldSpread})
	}
	return h
}

// each runs a function for all keys concurrently.
func (h heldWorld) each(do func(k int)) {
	var all sync.WaitGroup
	for k := range h.keys {
		h.figures.Operation()
		all.Go(func() { do(k) })
	}
	all.Wait()
}

func (h heldWorld) run() {
	ctx, other := h.t.Context(), h.environments[0]
	works(h.t, h.late.Ping(ctx))
	h.late.slow()        // so that no call finds a free connection, and each opens one
	h.each(func(k int) { // half of the keys are filled
		_, _ = h.slow.Get(ctx, h.keys[k], h.truth[k].load)
		if k%2 == 0 {
			h.change(ctx, other, k, false)
		}
	})
	h.late.restore()
	h.late.hold()
	h.figures.Fault()
	time.AfterFunc(cache.CommandTimeout+heldSpread/2, h.late.restore)
	h.each(func(k int) {
		var both sync.WaitGroup
		both.Go(func() { h.disturbed(ctx, h.slow, k) })
		both.Go(func() {
			time.Sleep(cache.CommandTimeout + rand.N(heldSpread))
			h.change(ctx, other, k, false)
		})
		both.Wait()
	})
	for range 2 {
		h.each(func(k int) {
			if err := h.read(ctx, other, k); err != nil {
				h.figures.Wrong(err)
			}
		})
	}
}

// disturbed reads an item, or changes it in vain.
func (w *world) disturbed(ctx context.Context, c *cache.Cache, k int) {
	if k%4 != 1 {
		_, _ = c.Get(ctx, w.keys[k], w.truth[k].load)
		return
	}
	c.Write(ctx, w.keys[k], func(context.Context) cache.Outcome {
		pause(w.truth[k].results)
		return cache.Unchanged
	})
}
