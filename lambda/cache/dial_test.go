package cache_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

func TestTheFirstCallAfterManyFailedConnectionsConnects(t *testing.T) {
	refused, down := errors.New("refused"), true
	redis := cache.OpenRedis(cache.RedisConfig{
		Address: testservices.Address(t, "TEST_REDIS_ADDR"), Conns: 1,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if down {
				return nil, refused
			}
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	})
	t.Cleanup(func() { _ = redis.Close() })
	for range 5 { // go-redis would open no connection for a call after the first one
		if err := redis.Ping(t.Context()); !errors.Is(err, refused) {
			t.Errorf("while nobody listens: %v", err)
		}
	}
	down = false
	if err := redis.Ping(t.Context()); err != nil {
		t.Errorf("once Redis listens: %v", err)
	}
}
