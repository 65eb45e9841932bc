package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/internal/limit"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/store"
)

// preconnectingItems connects to the database while the first read of an item queries the cache: a new
// execution environment mostly misses, and otherwise needs the database soon. One after the other, two
// secrets, two connections and two logins would be half of a cold start's response time.
type preconnectingItems struct {
	handler.Items
	database *preconnectedStore
}

// Get implements handler.Items.
func (f preconnectingItems) Get(ctx context.Context, id string) (store.Item, cache.Status, error) {
	return f.Items.Get(f.database.startConnecting(ctx), id)
}

// connectTimeout is how long an execution environment stays awake after its first response for the
// connection in progress: a large multiple of what one takes.
const connectTimeout = time.Second

// preconnectedStore is a store whose reads wait for the connection in progress instead of opening a
// second one.
type preconnectedStore struct {
	cache.ItemStore
	connect func(context.Context) error

	started atomic.Bool
	done    chan struct{}
	err     error // valid once done is closed
}

func newPreconnectedStore(items cache.ItemStore, connect func(context.Context) error) *preconnectedStore {
	return &preconnectedStore{ItemStore: items, connect: connect, done: make(chan struct{})}
}

// connectingKey marks the context of the request that started the connection.
type connectingKey struct{}

// startConnecting connects on its first call and marks the context of that call. Under a debugger it does not: a
// breakpoint would stop the connection halfway, and the server would end it.
func (c *preconnectedStore) startConnecting(ctx context.Context) context.Context {
	if limit.Debugged || !c.started.CompareAndSwap(false, true) {
		return ctx
	}
	postresponse.Await(ctx, c.done, connectTimeout)
	go func() {
		defer close(c.done)
		// The connection stays in the pool, even if the reader has its response from the cache.
		c.err = c.connect(context.WithoutCancel(ctx))
	}()
	return context.WithValue(ctx, connectingKey{}, true)
}

// Get implements cache.ItemStore. If the connection fails, the read that started it fails with the same error: it has
// waited for the connection and has no time for another. Later reads ignore that error, because the execution
// environment may have been frozen while it connected.
func (c *preconnectedStore) Get(ctx context.Context, id string) (store.Item, error) {
	if limit.Debugged {
		return c.ItemStore.Get(ctx, id)
	}
	select {
	case <-c.done:
		return c.ItemStore.Get(ctx, id)
	default:
	}
	ctx = c.startConnecting(ctx)
	select {
	case <-c.done:
		if c.err != nil && ctx.Value(connectingKey{}) != nil {
			return store.Item{}, c.err
		}
	case <-ctx.Done():
	}
	return c.ItemStore.Get(ctx, id)
}
