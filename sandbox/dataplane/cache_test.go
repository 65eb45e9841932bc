package dataplane

import (
	"crypto/tls"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func clusterClient(t *testing.T, a *Authority, addr netip.AddrPort, user, password string) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{addr.String()}, Username: user, Password: password,
		TLSConfig: &tls.Config{RootCAs: a.Pool()},
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestCacheInClusterMode(t *testing.T) {
	servers, authority := plane(t)
	spec := Cache{ID: "cache", ClusterMode: true, Shards: 3, AuthToken: "a-long-auth-token"}
	addr, err := servers.EnsureCache(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("a real client follows the cluster to every shard over TLS", func(t *testing.T) {
		client := clusterClient(t, authority, addr, "", spec.AuthToken)
		for i := range 60 {
			key := fmt.Sprintf("key-%d", i)
			if err := client.Set(t.Context(), key, i, 0).Err(); err != nil {
				t.Fatalf("set %s: %v", key, err)
			}
			if got, err := client.Get(t.Context(), key).Int(); err != nil || got != i {
				t.Fatalf("get %s: %d, %v", key, got, err)
			}
		}
		for _, server := range servers.Status() {
			node := redis.NewClient(&redis.Options{Addr: server.Addr.String(), Password: spec.AuthToken, TLSConfig: &tls.Config{RootCAs: authority.Pool()}})
			defer func() { _ = node.Close() }()
			if n, err := node.DBSize(t.Context()).Result(); err != nil || n == 0 {
				t.Errorf("shard %s holds %d keys, %v: want some on each shard", server.Addr, n, err)
			}
		}
	})
	t.Run("a client without the token is rejected", func(t *testing.T) {
		err := clusterClient(t, authority, addr, "", "").Get(t.Context(), "key-1").Err()
		if err == nil || !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("error %v, want NOAUTH", err)
		}
	})
	t.Run("commands that ElastiCache denies are denied", func(t *testing.T) {
		err := clusterClient(t, authority, addr, "", spec.AuthToken).ConfigGet(t.Context(), "*").Err()
		if err == nil || !strings.Contains(err.Error(), "NOPERM") {
			t.Errorf("error %v, want NOPERM", err)
		}
	})
	t.Run("users of a group replace the token", func(t *testing.T) {
		changed := spec
		changed.AuthToken = ""
		changed.Users = []CacheUser{
			{Name: "default", AccessString: "off"},
			{Name: "app", Passwords: []string{"first", "second"}, AccessString: "on ~items:* -@all +@read +@write +cluster|slots +cluster|shards"},
		}
		again, err := servers.EnsureCache(t.Context(), changed)
		if err != nil || again != addr {
			t.Fatalf("address %s, error %v, want %s", again, err, addr)
		}
		for _, password := range changed.Users[1].Passwords {
			client := clusterClient(t, authority, addr, "app", password)
			if err := client.Set(t.Context(), "items:1", "x", 0).Err(); err != nil {
				t.Errorf("password %s: %v", password, err)
			}
			if err := client.Set(t.Context(), "other", "x", 0).Err(); err == nil || !strings.Contains(err.Error(), "NOPERM") {
				t.Errorf("a key beyond the access string: error %v, want NOPERM", err)
			}
		}
		if err := clusterClient(t, authority, addr, "", spec.AuthToken).Get(t.Context(), "items:1").Err(); err == nil {
			t.Error("the old token is still valid")
		}
	})
	t.Run("a changed number of shards recreates the group", func(t *testing.T) {
		changed := spec
		changed.Shards = 1
		addr, err := servers.EnsureCache(t.Context(), changed)
		if err != nil {
			t.Fatal(err)
		}
		if err := clusterClient(t, authority, addr, "", spec.AuthToken).Set(t.Context(), "key", 1, 0).Err(); err != nil {
			t.Error(err)
		}
		if n := len(servers.Status()); n != 1 {
			t.Errorf("%d nodes run, want 1", n)
		}
	})
}

func TestCacheWithoutClusterMode(t *testing.T) {
	servers, authority := plane(t)
	addr, err := servers.EnsureCache(t.Context(), Cache{ID: "plain", Shards: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("clients connect over TLS without a password", func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: addr.String(), TLSConfig: &tls.Config{RootCAs: authority.Pool()}})
		defer func() { _ = client.Close() }()
		if err := client.Set(t.Context(), "k", "v", 0).Err(); err != nil {
			t.Error(err)
		}
	})
	t.Run("a client without TLS gets no response", func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: addr.String(), MaxRetries: -1})
		defer func() { _ = client.Close() }()
		if err := client.Ping(t.Context()).Err(); err == nil {
			t.Error("got a response")
		}
	})
	t.Run("two shards without cluster mode are rejected", func(t *testing.T) {
		if _, err := servers.EnsureCache(t.Context(), Cache{ID: "two", Shards: 2}); err == nil {
			t.Error("accepted")
		}
	})
}
