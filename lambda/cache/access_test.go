package cache_test

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/cache/access"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// admin is the administrator of the test's Redis cluster.
func admin(t *testing.T) *redis.ClusterClient {
	t.Helper()
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{testservices.Address(t, "TEST_REDIS_CLUSTER_ADDR")}})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

// restricted creates a user with this access string on every shard, and returns a Redis client of it.
func restricted(t *testing.T, rules string) *cache.Redis {
	t.Helper()
	ctx, client, user := t.Context(), admin(t), rand.Text()
	command := []any{"ACL", "SETUSER", user, ">password"}
	for _, rule := range strings.Fields(rules) {
		command = append(command, rule)
	}
	works(t, testservices.OnEveryShard(ctx, client, command...))
	t.Cleanup(func() { _ = testservices.OnEveryShard(context.Background(), client, "ACL", "DELUSER", user) })
	store := cache.OpenRedis(cache.RedisConfig{
		Address: testservices.Address(t, "TEST_REDIS_CLUSTER_ADDR"), Cluster: true, Conns: 2,
		Credentials: func(context.Context) (secrets.Credentials, error) {
			return secrets.Credentials{Username: user, Password: "password"}, nil
		},
	})
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestTheGrantedUserMayRunEveryCommandOfTheCache(t *testing.T) {
	store := restricted(t, access.String())
	for name, test := range conformance {
		t.Run(name, func(t *testing.T) { test(t, t.Context(), store, newKey()) })
	}
	t.Run("ping", func(t *testing.T) { works(t, store.Ping(t.Context())) })
}

func TestTheUserMayRunNoOtherCommand(t *testing.T) {
	client, user := admin(t), rand.Text()
	ctx := t.Context()
	command := []any{"ACL", "SETUSER", user, ">password"}
	for _, rule := range strings.Fields(access.String()) {
		command = append(command, rule)
	}
	works(t, testservices.OnEveryShard(ctx, client, command...))
	t.Cleanup(func() { _ = testservices.OnEveryShard(context.Background(), client, "ACL", "DELUSER", user) })
	for name, try := range map[string][]any{
		"list keys":                   {"KEYS", "*"},
		"flush":                       {"FLUSHALL"},
		"configure":                   {"CONFIG", "GET", "*"},
		"extend its permissions":      {"ACL", "SETUSER", user, "+@all"},
		"publish":                     {"PUBLISH", "channel", "x"},
		"read the cluster's nodes":    {"CLUSTER", "NODES"},
		"write another type of value": {"HSET", "item:1:{a}", "f", "v"},
		"read another user's key":     {"GET", "session:{a}"},
		"write another user's key":    {"SET", "session:{a}", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			err := client.Do(ctx, append([]any{"ACL", "DRYRUN", user}, try...)...)
			if text, _ := err.Text(); !strings.Contains(text, "no permissions") {
				t.Errorf("%v: %q, %v", try, text, err.Err())
			}
		})
	}
}

// unseen are the commands that a quiet cluster is never sent, or that the client does without.
var unseen = []string{
	"asking",  // only while slots move
	"command", // if denied, the client sends it before every command
}

func TestEveryGrantedCommandIsNeeded(t *testing.T) {
	for _, command := range access.Commands {
		if slices.Contains(unseen, command) {
			continue
		}
		t.Run("without "+command+" the cache fails", func(t *testing.T) {
			server, store := admin(t), restricted(t, access.String()+" -"+command)
			// Another package may give a server that has just been emptied its scripts
			// again, without which this user fails; it does not do so every time.
			for range 10 {
				works(t, testservices.OnEveryShard(t.Context(), server, "SCRIPT", "FLUSH"))
				if useAll(t.Context(), store) != nil {
					return
				}
			}
			t.Error("it does not")
		})
	}
	works(t, useAll(t.Context(), restricted(t, access.String())))
}

// useAll uses everything that a store has.
func useAll(ctx context.Context, s *cache.Redis) error {
	key := newKey()
	tag, value := newTagged("value")
	_, _, acquired := s.Acquire(ctx, key, time.Minute)
	_, replaced := s.Replace(ctx, key, tag, value, time.Minute)
	mine, _, marked := s.Mark(ctx, key, time.Minute)
	_, claimed := s.Claim(ctx, key, tag, time.Minute)
	released := s.Release(ctx, key, tag)
	_, purged := s.PurgeKeys(ctx, key)
	return errors.Join(acquired, replaced, marked, claimed, released, s.End(ctx, key, mine, 0), s.Ping(ctx), purged)
}

func TestItemsAreKeptUnderGrantedKeys(t *testing.T) {
	nothing := itemStore(func(string) error { return fault.New(fault.NotFound, "nothing") })
	settings := cache.Config{Fresh: time.Minute, Negative: time.Minute}
	items := cache.NewItems(nothing, cache.New(restricted(t, access.String()), settings, slog.New(slog.DiscardHandler)), "")
	id := rand.Text()
	for _, want := range []cache.Status{cache.Miss, cache.Hit} {
		if _, status, err := items.Get(t.Context(), id); fault.KindOf(err) != fault.NotFound || status != want {
			t.Errorf("got %v, %v, want %v", status, err, want)
		}
	}
}
