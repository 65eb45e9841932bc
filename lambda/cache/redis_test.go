package cache_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
)

func TestARotatedPasswordOfRedisIsReadAgain(t *testing.T) {
	for name, c := range map[string]struct {
		variable string
		cluster  bool
	}{
		"by the client of one node":  {"TEST_REDIS_ADDR", false},
		"by the client of a cluster": {"TEST_REDIS_CLUSTER_ADDR", true},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, address, user := t.Context(), testservices.Address(t, c.variable), rand.Text()
			root := redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{address}, IsClusterMode: c.cluster})
			defer func() { _ = root.Close() }()
			do := func(ctx context.Context, command ...any) error {
				return testservices.OnEveryShard(ctx, root, command...)
			}
			works(t, do(ctx, "ACL", "SETUSER", user, "on", ">old", "~*", "+@all"))
			defer func() { _ = do(context.Background(), "ACL", "DELUSER", user) }()

			vault := testservices.NewSecrets(map[string]secrets.Credentials{"arn": {Username: user, Password: "old"}})
			source := secrets.New(func() secrets.API { return vault })
			store := cache.OpenRedis(cache.RedisConfig{
				Address: address, Cluster: c.cluster, Conns: 2,
				Credentials:   func(ctx context.Context) (secrets.Credentials, error) { return source.Get(ctx, "arn") },
				OnAuthFailure: func(used secrets.Credentials) { source.Invalidate("arn", used) },
			})
			defer func() { _ = store.Close() }()
			works(t, store.Ping(ctx))

			vault.Set("arn", secrets.Credentials{Username: user, Password: "new"})
			works(t, do(ctx, "ACL", "SETUSER", user, "resetpass", ">new"))
			works(t, do(ctx, "CLIENT", "KILL", "USER", user))
			acquires(t, store, newKey(), time.Minute)
		})
	}
}
