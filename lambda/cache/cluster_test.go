package cache_test

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// shards is the real cluster with a fault proxy before each node.
type shards struct {
	address string
	mu      sync.Mutex
	proxies map[string]*faultproxy.Proxy
	t       *testing.T
}

func newShards(t *testing.T) *shards {
	return &shards{t: t, address: testservices.Address(t, "TEST_REDIS_CLUSTER_ADDR"), proxies: map[string]*faultproxy.Proxy{}}
}

// proxy returns the one before the node at address.
func (s *shards) proxy(address string) *faultproxy.Proxy {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.proxies[address] == nil {
		s.proxies[address] = faultproxy.New(s.t, address)
	}
	return s.proxies[address]
}

// open returns a store whose every connection goes through a proxy.
func (s *shards) open() cache.Store {
	store := cache.OpenRedis(cache.RedisConfig{
		Address: s.address, Cluster: true, Conns: 8,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, s.proxy(address).Address())
		},
	})
	s.t.Cleanup(func() { _ = store.Close() })
	return cache.NewBreaker(store)
}

// keys returns a key on each of two shards, and their shards.
func (s *shards) keys(store cache.Store) (keys, on [2]string) {
	for keys[1] == "" {
		key := newKey()
		switch shard := must(store.Shard(s.t.Context(), key)); {
		case keys[0] == "":
			keys[0], on[0] = key, shard
		case shard != on[0]:
			keys[1], on[1] = key, shard
		}
	}
	return keys, on
}

func TestTheOtherShardsServeWhileOneIsUnavailable(t *testing.T) {
	for name, fail := range map[string]func(*faultproxy.Proxy){
		"down":   (*faultproxy.Proxy).ResetAll,
		"silent": (*faultproxy.Proxy).Stall,
	} {
		t.Run(name, func(t *testing.T) {
			cluster, s := newShards(t), &source{}
			store := cluster.open()
			c := cache.New(store, long, slog.New(slog.DiscardHandler))
			keys, on := cluster.keys(store)
			s.set("one", nil)
			for _, key := range keys {
				results(t, c, key, s, cache.Miss, "one")
			}
			fail(cluster.proxy(on[0]))
			for range 6 {
				results(t, c, keys[0], s, cache.Bypass, "one")
				results(t, c, keys[1], s, cache.Hit, "one")
			}
			cluster.proxy(on[0]).Restore()
			until(t, func() bool {
				result, err := c.Get(t.Context(), keys[0], s.load)
				works(t, err)
				return result.Status == cache.Hit
			})
		})
	}
}

// until waits for an event that must occur; other tests check how soon.
func until(t *testing.T, event func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !event(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// A failover from a client's view: the node of a slot never returns, its
// data with it, and another one serves the slot.
func TestAfterAFailoverTheNewNodeIsUsed(t *testing.T) {
	cluster, s := newShards(t), &source{}
	store := cluster.open()
	c := cache.New(store, long, slog.New(slog.DiscardHandler))
	keys, on := cluster.keys(store)
	s.set("one", nil)
	results(t, c, keys[0], s, cache.Miss, "one")
	results(t, c, keys[0], s, cache.Hit, "one")

	cluster.proxy(on[0]).ResetAll()
	results(t, c, keys[0], s, cache.Bypass, "one")
	cluster.moveSlot(keys[0], on[0], on[1])
	defer cluster.moveSlot(keys[0], on[1], on[0])
	until(t, func() bool {
		result, err := c.Get(t.Context(), keys[0], s.load)
		works(t, err)
		return result.Status == cache.Hit
	})
	is(t, "shard", on[1], must(store.Shard(t.Context(), keys[0])))
}

// moveSlot has the cluster serve the slot of key elsewhere, empty. What other
// tests left in the slot goes too: a node gives none away that holds a key.
func (s *shards) moveSlot(key, from, to string) {
	s.t.Helper()
	ctx := context.Background()
	cluster := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{s.address}})
	defer func() { _ = cluster.Close() }()
	slot := must(cluster.ClusterKeySlot(ctx, key).Result())
	source, target := redis.NewClient(&redis.Options{Addr: from}), redis.NewClient(&redis.Options{Addr: to})
	defer func() { _, _ = source.Close(), target.Close() }()
	for _, left := range must(source.ClusterGetKeysInSlot(ctx, int(slot), 1000).Result()) {
		works(s.t, source.Del(ctx, left).Err())
	}
	id := must(target.Do(ctx, "CLUSTER", "MYID").Text())
	// Only a node that imports the slot takes it with a newer epoch of the configuration; otherwise the old owner's
	// messages could assign it back.
	works(s.t, target.Do(ctx, "CLUSTER", "SETSLOT", slot, "IMPORTING", must(source.Do(ctx, "CLUSTER", "MYID").Text())).Err())
	// The new owner first, so that it does not redirect to the old one.
	for _, address := range append([]string{to, from}, s.others(ctx, cluster, from, to)...) {
		node := redis.NewClient(&redis.Options{Addr: address})
		if err := node.Do(ctx, "CLUSTER", "SETSLOT", slot, "NODE", id).Err(); err != nil {
			s.t.Errorf("give slot %d to %s at %s: %v", slot, to, address, err)
		}
		works(s.t, node.Close())
	}
}

func (s *shards) others(ctx context.Context, cluster *redis.ClusterClient, known ...string) (others []string) {
	var mu sync.Mutex
	works(s.t, cluster.ForEachMaster(ctx, func(_ context.Context, node *redis.Client) error {
		mu.Lock()
		defer mu.Unlock()
		if address := node.Options().Addr; address != known[0] && address != known[1] {
			others = append(others, address)
		}
		return nil
	}))
	return others
}
