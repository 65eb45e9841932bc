package main

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/store"
)

// countedDatabase is a cache.ItemStore of which only Get is called.
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

func TestTheDatabaseIsConnectedWhileTheCacheIsQueried(t *testing.T) {
	down := errors.New("down")
	for name, test := range map[string]struct {
		connect time.Duration
		fails   error
		hit     bool
		takes   time.Duration
		reads   int
	}{
		"a miss waits for the slower of both":        {connect: 3 * time.Second, takes: 3 * time.Second, reads: 1},
		"a miss waits for the cache alone":           {connect: time.Millisecond, takes: time.Second, reads: 1},
		"a hit waits for no database":                {connect: time.Hour, hit: true, takes: time.Second},
		"an unavailable database is not tried again": {connect: 3 * time.Second, fails: down, takes: 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				behind, connections := &countedDatabase{}, 0
				database := newPreconnectedStore(behind, func(context.Context) error {
					connections++
					time.Sleep(test.connect)
					return test.fails
				})
				items := preconnectingItems{slowly{database: database, hit: test.hit}, database}
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

// The failure of a connection that was frozen in progress must not fail a later request.
func TestAConnectionThatFailedDuringAnEarlierRequestIsRetried(t *testing.T) {
	for name, pause := range map[string]time.Duration{"before the next one": time.Hour, "while the next one waits": 0} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				behind := &countedDatabase{}
				database := newPreconnectedStore(behind, func(context.Context) error {
					time.Sleep(10 * time.Second)
					return errors.New("frozen in the middle")
				})
				hit := preconnectingItems{slowly{database: database, hit: true}, database}
				if _, _, err := hit.Get(t.Context(), "a"); err != nil {
					t.Fatal(err)
				}
				time.Sleep(pause)
				miss := preconnectingItems{slowly{database: database}, database}
				if _, _, err := miss.Get(t.Context(), "b"); err != nil || behind.reads != 1 {
					t.Errorf("%d reads, %v", behind.reads, err)
				}
			})
		})
	}
}

func TestTheEnvironmentIsNotFrozenWhileItConnects(t *testing.T) {
	for name, test := range map[string]struct{ connect, want time.Duration }{
		"it waits for the connection":          {1500 * time.Millisecond, 500 * time.Millisecond},
		"for a second, if it does not connect": {time.Hour, time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				database := newPreconnectedStore(&countedDatabase{}, func(context.Context) error {
					time.Sleep(test.connect)
					return nil
				})
				ctx, work := postresponse.NewQueue(t.Context())
				if _, _, err := (preconnectingItems{slowly{database: database, hit: true}, database}).Get(ctx, "a"); err != nil {
					t.Fatal(err)
				}
				answered := time.Now()
				work.Run()
				if took := time.Since(answered); took != test.want {
					t.Errorf("it stayed awake for %s, want %s", took, test.want)
				}
				time.Sleep(test.connect)
			})
		})
	}
}
