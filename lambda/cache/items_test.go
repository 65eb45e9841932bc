package cache_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/store"
)

func newItems(t *testing.T, source cache.ItemStore, cluster bool) *cache.Items {
	redis := cache.NewBreaker(testservices.Redis(t, cluster))
	return cache.NewItems(source, cache.New(redis, short, slog.New(slog.DiscardHandler)), "")
}

// One writer increments an item while others read it in other execution environments, all
// with the real dependencies.
func TestItemsAreNeverOlderThanTheirLastAcknowledgedWrite(t *testing.T) {
	source := testservices.NewDatabase(t).Store(t)
	const id = "counter"
	lasting := soak.For(t, 4*time.Second) / 2
	for name, cluster := range map[string]bool{"Redis alone": false, "Redis cluster": true} {
		t.Run(name, func(t *testing.T) {
			var acked atomic.Int64
			figures, end := soak.Count(t), time.Now().Add(lasting)
			var actors sync.WaitGroup
			actors.Go(func() {
				writers := []*cache.Items{newItems(t, source, cluster), newItems(t, source, cluster)}
				for n := int64(1); time.Now().Before(end); n++ {
					body := json.RawMessage(strconv.FormatInt(n, 10))
					if _, _, err := writers[n%2].Put(t.Context(), id, body, store.Condition{}); err != nil {
						t.Error(err)
						return
					}
					figures.Operation()
					acked.Store(n)
					pause(8 * time.Millisecond)
				}
			})
			for range 6 {
				reader := newItems(t, source, cluster)
				actors.Go(func() {
					for time.Now().Before(end) {
						figures.Operation()
						floor := acked.Load()
						item, status, err := reader.Get(t.Context(), id)
						n, _ := strconv.ParseInt(string(item.Body), 10, 64)
						if floor > 0 && (err != nil || n < floor) {
							figures.Wrong(errors.Join(err, fmt.Errorf("read %d (%s) after %d was acknowledged", n, status, floor)))
							return
						}
					}
				})
			}
			actors.Wait()
		})
		if err := source.Delete(t.Context(), id, store.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
}

// itemStore is an ItemStore whose every call is one function.
type itemStore func(method string) error

func (f itemStore) Get(_ context.Context, id string) (store.Item, error) {
	return store.Item{ID: id, Body: json.RawMessage(`1`), Revision: "R1", UpdatedAt: time.UnixMicro(5).UTC()}, f("get")
}

func (f itemStore) List(context.Context, string, int, int) (store.Page, error) {
	return store.Page{}, f("list")
}

func (f itemStore) Put(context.Context, string, json.RawMessage, store.Condition) (store.Item, bool, error) {
	return store.Item{}, false, f("put")
}

func (f itemStore) Delete(context.Context, string, store.Condition) error { return f("delete") }

func TestACachedItemEqualsTheStoredOne(t *testing.T) {
	items := cache.NewItems(itemStore(func(string) error { return nil }), newCache(t, long), "")
	id := strconv.FormatUint(rand.Uint64(), 36)
	first, status, err := items.Get(t.Context(), id)
	works(t, err)
	is(t, "status", cache.Miss, status)
	second, status, err := items.Get(t.Context(), id)
	works(t, err)
	is(t, "status", cache.Hit, status)
	if string(first.Body) != string(second.Body) || first.Revision != second.Revision || !first.UpdatedAt.Equal(second.UpdatedAt) || second.ID != id {
		t.Fatalf("the item changed from %+v to %+v", first, second)
	}
}

// What a failed write leaves of an entry depends on what the database said of
// the item.
func TestAFailedWrite(t *testing.T) {
	for name, test := range map[string]struct {
		err  error
		want cache.Status // of the next read
	}{
		"on its condition ends the entry, which it may have disproved": {fault.New(fault.Precondition, "changed"), cache.Miss},
		"on a missing item removes the entry":                          {fault.New(fault.NotFound, "none"), cache.Miss},
		"on its content leaves the entry":                              {&fault.Error{Kind: fault.Invalid, Cause: &pgconn.PgError{Code: "22P05"}}, cache.Hit},
		"on a read-only server leaves the entry":                       {fault.NewUnavailable("database", &pgconn.PgError{Code: "25006"}), cache.Hit},
		"on too many connections leaves the entry":                     {fault.NewUnavailable("database", &pgconn.PgError{Code: "53300"}), cache.Hit},
		"on a statement timeout leaves the entry":                      {fault.NewUnavailable("database", &pgconn.PgError{Code: "57014"}), cache.Hit},
		"on a lock timeout leaves the entry":                           {fault.NewUnavailable("database", &pgconn.PgError{Code: "55P03"}), cache.Hit},
		"on a lost connection keeps readers on the database":           {fault.NewUnavailable("database", errors.New("reset")), cache.Bypass},
		"on a shutdown of the server does so too":                      {fault.NewUnavailable("database", &pgconn.PgError{Code: "57P01"}), cache.Bypass},
		"with an unknown error does so too":                            {fault.NewInternal("writing", &pgconn.PgError{Code: "XX000"}), cache.Bypass},
		"and then works makes the next read a miss":                    {nil, cache.Miss},
	} {
		t.Run(name, func(t *testing.T) {
			items := cache.NewItems(itemStore(func(method string) error {
				if method == "delete" {
					return test.err
				}
				return nil
			}), newCache(t, long), "")
			id := strconv.FormatUint(rand.Uint64(), 36)
			_, _, err := items.Get(t.Context(), id)
			works(t, err)
			if err := items.Delete(t.Context(), id, store.Condition{}); !errors.Is(err, test.err) {
				t.Fatalf("the error became %v", err)
			}
			_, status, err := items.Get(t.Context(), id)
			works(t, err)
			is(t, "status", test.want, status)
		})
	}
}

// Two versions of the function with two databases, as while a stack without a proxy is restored.
func TestGenerationsShareNoEntry(t *testing.T) {
	id := strconv.FormatUint(rand.Uint64(), 36)
	shared := newCache(t, long)
	of := func(generation string) *cache.Items {
		return cache.NewItems(itemStore(func(string) error { return nil }), shared, generation)
	}
	for _, step := range []struct {
		generation string
		want       cache.Status
	}{{"", cache.Miss}, {"", cache.Hit}, {"g2", cache.Miss}, {"g2", cache.Hit}, {"", cache.Hit}, {"g3", cache.Miss}} {
		_, status, err := of(step.generation).Get(t.Context(), id)
		works(t, err)
		is(t, "the status of generation "+step.generation, step.want, status)
	}
}
