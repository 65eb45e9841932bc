package cache_test

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
)

func ExampleCache_Get() {
	redis := cache.OpenRedis(cache.RedisConfig{Address: "cache.example:6379", Cluster: true, TLS: true, Conns: 4})
	c := cache.New(cache.NewBreaker(redis), cache.Config{
		Fresh: time.Minute, Stale: 10 * time.Minute, Negative: 5 * time.Second,
	}, slog.Default())
	result, err := c.Get(context.Background(), "greeting:{1}", func(context.Context) ([]byte, bool, error) {
		return []byte("read from the database"), true, nil
	})
	if err != nil {
		fmt.Println("the database is unavailable:", err)
		return
	}
	fmt.Println(result.Status, string(result.Value))
}
