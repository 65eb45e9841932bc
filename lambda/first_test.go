package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// database is cache.ItemStore of which only Get is asked.
type countedDatabase struct {
	cache.ItemStore
	reads int
}

func (d *countedDatabase) Get(context.Context, string) (store.Item, error) {
	d.reads++
	return store.Item{}, nil
}

// slowly is handler.Items that takes a second to find out that it has to ask
// the database; always says that it has.
type slowly struct {
	handler.Items
	database cache.ItemStore
	hit      bool
}

func (s slowly) Get(ctx context.Context, id string) (store.Item, cache.Status, error) {
	time.Sleep(time.Second)
	if s.hit {
		return store.Item{}, cache.Hit, nil
	}
	item, err := s.database.Get(ctx, id)
	return item, cache.Miss, err
}

func TestTheDatabaseIsConnectedToWhileTheCacheIsAsked(t *testing.T) {
	down := errors.New("down")
	for name, test := range map[string]struct {
		connect time.Duration
		fails   error
		hit     bool
		takes   time.Duration
		reads   int
	}{
		"a miss waits for the slower of both":       {connect: 3 * time.Second, takes: 3 * time.Second, reads: 1},
		"a miss waits for the cache alone":          {connect: time.Millisecond, takes: time.Second, reads: 1},
		"a hit waits for no database":               {connect: time.Hour, hit: true, takes: time.Second},
		"a database that is away is not tried anew": {connect: 3 * time.Second, fails: down, takes: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				behind, connections := &countedDatabase{}, 0
				database := newConnecting(behind, func(context.Context) error {
					connections++
					time.Sleep(test.connect)
					return test.fails
				})
				items := firstRead{slowly{database: database, hit: test.hit}, database}
				began := time.Now()
				_, _, err := items.Get(t.Context(), "a")
				if took := time.Since(began); took != test.takes || behind.reads != test.reads || !errors.Is(err, test.fails) {
					t.Errorf("took %s and %d reads: %v", took, behind.reads, err)
				}
				time.Sleep(test.connect)
				synctest.Wait()
				if _, _, err := items.Get(t.Context(), "a"); err != nil || connections != 1 {
					t.Errorf("the second read: %v, %d connections", err, connections)
				}
			})
		})
	}
}
