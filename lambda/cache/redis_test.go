package cache_test

import (
	"context"
	"crypto/rand"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testparts"
	"github.com/didomi/serverless-api/lambda/secrets"
)

func TestARotatedPasswordOfRedisIsReadAgain(t *testing.T) {
	ctx, address, user := t.Context(), testparts.Address(t, "TEST_REDIS_ADDR"), rand.Text()
	admin := redis.NewClient(&redis.Options{Addr: address})
	defer func() { _ = admin.Close() }()
	works(t, admin.Do(ctx, "ACL", "SETUSER", user, "on", ">old", "~*", "+@all").Err())
	defer func() { _ = admin.Do(context.Background(), "ACL", "DELUSER", user).Err() }()

	vault := testparts.NewSecrets(map[string]secrets.Credentials{"arn": {Username: user, Password: "old"}})
	source := secrets.New(func() secrets.API { return vault })
	store := cache.OpenRedis(cache.RedisConfig{
		Address: address, Conns: 2,
		Credentials: func(ctx context.Context) (secrets.Credentials, error) { return source.Get(ctx, "arn") },
		Refused:     func(used secrets.Credentials) { source.Refused("arn", used) },
	})
	defer func() { _ = store.Close() }()
	works(t, store.Ping(ctx))

	vault.Set("arn", secrets.Credentials{Username: user, Password: "new"})
	works(t, admin.Do(ctx, "ACL", "SETUSER", user, "resetpass", ">new").Err())
	works(t, admin.Do(ctx, "CLIENT", "KILL", "USER", user).Err())
	acquires(t, store, newKey(), time.Minute)
}
