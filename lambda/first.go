package main

import (
	"context"
	"sync"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// firstRead connects to the database while the first read of an item asks the
// cache: a new instance mostly misses, and if not, will soon. One after the
// other, two secrets, two connections and two logins would be half of a cold
// start's answer.
type firstRead struct {
	handler.Items
	database *connecting
}

// Get implements handler.Items.
func (f firstRead) Get(ctx context.Context, id string) (store.Item, cache.Status, error) {
	f.database.start(ctx)
	return f.Items.Get(ctx, id)
}

// connecting is a database whose reads wait for the connection that is being
// made, instead of making another one beside it.
type connecting struct {
	cache.ItemStore
	connect func(context.Context) error

	once sync.Once
	done chan struct{}
	err  error // once done is closed
}

func newConnecting(items cache.ItemStore, connect func(context.Context) error) *connecting {
	return &connecting{ItemStore: items, connect: connect, done: make(chan struct{})}
}

func (c *connecting) start(ctx context.Context) {
	c.once.Do(func() {
		go func() {
			defer close(c.done)
			// A reader that has its answer leaves the next one a connection.
			c.err = c.connect(context.WithoutCancel(ctx))
		}()
	})
}

// Get implements cache.ItemStore. A connection that could not be made is this
// read's failure: it has waited for it and does not wait for another.
func (c *connecting) Get(ctx context.Context, id string) (store.Item, error) {
	select {
	case <-c.done:
		return c.ItemStore.Get(ctx, id)
	default:
	}
	c.start(ctx)
	select {
	case <-c.done:
		if c.err != nil {
			return store.Item{}, c.err
		}
	case <-ctx.Done():
	}
	return c.ItemStore.Get(ctx, id)
}
