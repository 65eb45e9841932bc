package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/store"
)

// firstRead connects to the database while the first read of an item asks the
// cache: a new instance mostly misses, and if not, will soon. One after the
// other, two secrets, two connections and two logins would be half of a cold
// start's answer.
type preconnectingItems struct {
	handler.Items
	database *preconnectedStore
}

// Get implements handler.Items.
func (f preconnectingItems) Get(ctx context.Context, id string) (store.Item, cache.Status, error) {
	return f.Items.Get(f.database.startConnecting(ctx), id)
}

// connectWait is for how long an instance stays awake after its first answer
// for the connection that is being made beside it: many times what one takes.
const connectTimeout = time.Second

// connecting is a database whose reads wait for the connection that is being
// made, instead of making another one beside it.
type preconnectedStore struct {
	cache.ItemStore
	connect func(context.Context) error

	started atomic.Bool
	done    chan struct{}
	err     error // once done is closed
}

func newPreconnectedStore(items cache.ItemStore, connect func(context.Context) error) *preconnectedStore {
	return &preconnectedStore{ItemStore: items, connect: connect, done: make(chan struct{})}
}

// started marks the context of the request that connects.
type connectingKey struct{}

// start connects if nobody has; the context that it returns tells whether it does.
func (c *preconnectedStore) startConnecting(ctx context.Context) context.Context {
	if !c.started.CompareAndSwap(false, true) {
		return ctx
	}
	postresponse.Await(ctx, c.done, connectTimeout)
	go func() {
		defer close(c.done)
		// A reader that has its answer leaves the next one a connection.
		c.err = c.connect(context.WithoutCancel(ctx))
	}()
	return context.WithValue(ctx, connectingKey{}, true)
}

// Get implements cache.ItemStore. A connection that could not be made is the
// failure of the read that began it, which has waited for it and does not wait
// for another. It says nothing to a later one: the instance may have been frozen
// in the middle.
func (c *preconnectedStore) Get(ctx context.Context, id string) (store.Item, error) {
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
