package cache_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/store"
)

// After a lost invalidation the cache has an entry that the database disproves
// by a condition that fails on the entry's own tag, or by having no such item.
func TestAnEntryThatTheDatabaseDisprovedIsNotRestored(t *testing.T) {
	source, ctx := testservices.NewDatabase(t).Store(t), t.Context()
	put := func(id string, condition store.Condition) error {
		_, _, err := source.Put(ctx, id, json.RawMessage(`2`), condition)
		return err
	}
	for name, test := range map[string]struct {
		lost func(id string) error // a write whose invalidation is lost
		then func(items *cache.Items, id, cached string) error
		want fault.Kind
		read fault.Kind
	}{
		"by a PUT with the entry's tag": {
			func(id string) error { return put(id, store.Condition{}) },
			func(items *cache.Items, id, cached string) error {
				_, _, err := items.Put(ctx, id, json.RawMessage(`3`), store.Condition{Revisions: []string{cached}})
				return err
			}, fault.Precondition, "",
		},
		"by a DELETE with the entry's tag": {
			func(id string) error { return put(id, store.Condition{}) },
			func(items *cache.Items, id, cached string) error {
				return items.Delete(ctx, id, store.Condition{Revisions: []string{cached}})
			}, fault.Precondition, "",
		},
		"by a DELETE of a missing item": {
			func(id string) error { return source.Delete(ctx, id, store.Condition{}) },
			func(items *cache.Items, id, _ string) error { return items.Delete(ctx, id, store.Condition{}) },
			fault.NotFound, fault.NotFound,
		},
	} {
		t.Run(name, func(t *testing.T) {
			items, id := cache.NewItems(source, newCache(t, long), ""), newKey()
			works(t, put(id, store.Condition{}))
			cached, _, err := items.Get(ctx, id)
			works(t, err)
			works(t, test.lost(id))
			is(t, "the write", test.want, fault.KindOf(test.then(items, id, cached.Revision)))
			now, status, err := items.Get(ctx, id)
			if err != nil && fault.KindOf(err) != test.read || now.Revision == cached.Revision && err == nil {
				t.Errorf("the next read gets %+v (%s), %v", now, status, err)
			}
		})
	}
}

// invocation runs a function as an invocation: deferred tasks run after the response.
func invocation(t *testing.T, do func(ctx context.Context)) {
	t.Helper()
	ctx, work := postresponse.NewQueue(t.Context())
	do(ctx)
	work.Run()
}

// lost is a cache of a server that holds an entry whose invalidation failed, and
// that is unavailable for some time.
func lost(t *testing.T, outcome cache.Outcome, outage time.Duration) (server *memory, c *cache.Cache, s *source) {
	t.Helper()
	server, s = newMemory(), &source{}
	c = over(server, cache.Config{Fresh: time.Hour})
	s.set("old", nil)
	results(t, c, "key", s, cache.Miss, "old")
	server.down = true
	time.AfterFunc(outage, server.up)
	began := time.Now()
	invocation(t, func(ctx context.Context) {
		c.Write(ctx, "key", func(context.Context) cache.Outcome {
			s.set("new", nil)
			return outcome
		})
		if took := time.Since(began); took != 0 {
			t.Errorf("the client waited %s for the repetition", took)
		}
	})
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("the environment stayed awake for %s", took)
	}
	return server, c, s
}

func TestAFailedInvalidationIsRetried(t *testing.T) {
	for name, outage := range map[string]time.Duration{
		"in the same invocation":                                          100 * time.Millisecond,
		"in the next invocation that finds Redis back":                    20 * time.Second,
		"though Redis was unavailable for almost as long as entries last": 50 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			timed(t, func(t *testing.T, _ cache.Store) {
				server, c, s := lost(t, cache.Changed, outage)
				other := over(server, long)
				time.Sleep(outage)
				// Of another item, or of this one.
				invocation(t, func(ctx context.Context) { _, _ = c.Get(ctx, "another", s.load) })
				results(t, other, "key", s, cache.Miss, "new")
			})
		})
	}
}

func TestAnUnknownOutcomeIsMarkedOnceRedisRecovers(t *testing.T) {
	timed(t, func(t *testing.T, _ cache.Store) {
		server, c, s := lost(t, cache.Unknown, 10*time.Second)
		time.Sleep(10 * time.Second)
		invocation(t, func(ctx context.Context) { _, _ = c.Get(ctx, "another", s.load) })
		results(t, over(server, long), "key", s, cache.Bypass, "new")
	})
}

// A later write of the item with a known outcome does not end the unknown outcome of the first.
func TestAnUnknownOutcomeIsMarkedEvenIfALaterInvalidationFails(t *testing.T) {
	timed(t, func(t *testing.T, _ cache.Store) {
		server, c, s := lost(t, cache.Unknown, 10*time.Second)
		invocation(t, func(ctx context.Context) {
			c.Write(ctx, "key", func(context.Context) cache.Outcome { return cache.Changed })
		})
		time.Sleep(10 * time.Second)
		invocation(t, func(ctx context.Context) { _, _ = c.Get(ctx, "another", s.load) })
		results(t, over(server, long), "key", s, cache.Bypass, "new")
	})
}

// Every item that is written while Redis is unavailable has its own invalidation.
func TestAllFailedInvalidationsAreRetried(t *testing.T) {
	timed(t, func(t *testing.T, store cache.Store) {
		const items = 200
		server, s := store.(*memory), &source{}
		c := over(server, long)
		s.set("old", nil)
		key := func(i int) string { return fmt.Sprint("key", i) }
		for i := range items {
			results(t, c, key(i), s, cache.Miss, "old")
		}
		server.down = true
		for i := range items {
			invocation(t, func(ctx context.Context) {
				c.Write(ctx, key(i), func(context.Context) cache.Outcome { return cache.Changed })
			})
		}
		s.set("new", nil)
		time.Sleep(10 * time.Second)
		server.up()
		invocation(t, func(ctx context.Context) { _, _ = c.Get(ctx, "another", s.load) })
		for i := range items {
			results(t, over(server, long), key(i), s, cache.Miss, "new")
		}
	})
}
