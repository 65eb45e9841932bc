package cache_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/store"
)

// record is what clients have seen of an item. The versions are the times
// that the database gives to writes: they grow with every write of an item.
type record struct {
	mu      sync.Mutex
	at      []time.Time // of acknowledgements, in their order
	floors  []time.Time // the oldest version that may be read after each
	deletes []time.Time // until when each delete may come into effect

	writing sync.RWMutex
	doubt   atomic.Bool // a put may still be under way
}

// delete runs one alone, so that its place among the writes is known, and what
// what is unknown after it is resolved. Nothing from before it may be read once it is
// acknowledged.
func (r *record) delete(run func() error, settle func()) {
	r.writing.Lock()
	defer r.writing.Unlock()
	if r.doubt.Swap(false) {
		settle()
	}
	began := time.Now()
	r.mu.Lock()
	place := len(r.deletes)
	r.deletes = append(r.deletes, began.Add(time.Hour))
	r.mu.Unlock()
	err := run()
	if fault.KindOf(err) == fault.Unavailable {
		settle()
	}
	end := time.Now()
	if err == nil {
		r.acknowledge(began)
	} else if fault.KindOf(err) != fault.Unavailable {
		end = time.Time{} // it did not happen
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deletes[place] = end
}

// put runs concurrently with others: the database orders them.
func (r *record) put(run func() (time.Time, error)) {
	r.writing.RLock()
	defer r.writing.RUnlock()
	version, err := run()
	switch {
	case err == nil:
		r.acknowledge(version)
	case fault.KindOf(err) != fault.Precondition: // which would mean that nothing happened
		r.doubt.Store(true)
	}
}

func (r *record) acknowledge(floor time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.floors); n > 0 && r.floors[n-1].After(floor) {
		floor = r.floors[n-1]
	}
	r.at, r.floors = append(r.at, time.Now()), append(r.floors, floor)
}

// floor is the oldest version that a read that began at the given time may return.
func (r *record) floor(began time.Time) (floor time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, at := range r.at {
		if !at.Before(began) {
			break
		}
		floor = r.floors[i]
	}
	return floor
}

// allowsNothing reports whether a read may find no item.
func (r *record) allowsNothing(floor time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, end := range r.deletes {
		if !end.Before(floor) {
			return true
		}
	}
	return floor.IsZero()
}

// fleet is several execution environments over a real database and a real
// Redis, each with fault proxies of its own.
type fleet struct {
	t            *testing.T
	environments []*cache.Items
	caches       []*faultproxy.Proxy // to each Redis node, of each environment
	databases    []*faultproxy.Proxy
	keys         []string
	records      []*record
	redis        redis.UniversalClient // past the proxies, to lose keys
	admin        *pgx.ConnConfig
	bound        time.Duration
	figures      *soak.Figures
	mu           sync.Mutex
}

const fleetSize = 4

func newFleet(t *testing.T, cluster bool, bound time.Duration) *fleet {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	address := testservices.Address(t, map[bool]string{false: "TEST_REDIS_ADDR", true: "TEST_REDIS_CLUSTER_ADDR"}[cluster])
	f := &fleet{t: t, bound: bound, figures: soak.Count(t), admin: d.Admin, redis: redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{address}, IsClusterMode: cluster})}
	t.Cleanup(func() { _ = f.redis.Close() })
	for range fleetSize {
		f.environments = append(f.environments, f.environment(d, cluster, address))
	}
	for range 3 {
		f.keys, f.records = append(f.keys, newKey()), append(f.records, &record{})
	}
	return f
}

func (f *fleet) environment(d testservices.Database, cluster bool, address string) *cache.Items {
	nodes := map[string]*faultproxy.Proxy{}
	server := cache.OpenRedis(cache.RedisConfig{
		Address: address, Cluster: cluster, Conns: 16,
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			f.mu.Lock()
			if nodes[address] == nil {
				nodes[address] = faultproxy.New(f.t, address)
				f.caches = append(f.caches, nodes[address])
			}
			via := nodes[address].Address()
			f.mu.Unlock()
			return (&net.Dialer{}).DialContext(ctx, network, via)
		},
	})
	database := faultproxy.New(f.t, net.JoinHostPort(d.Admin.Host, strconv.Itoa(int(d.Admin.Port))))
	f.databases = append(f.databases, database)
	config := d.Config()
	host, port, _ := net.SplitHostPort(database.Address())
	config.Host, config.MaxConns = host, 8
	config.Port, _ = strconv.Atoi(port)
	items := store.Open(config)
	f.t.Cleanup(func() { items.Close(); _ = server.Close() })
	return cache.NewItems(items, cache.New(cache.NewBreaker(server), short, slog.New(slog.DiscardHandler)), "")
}

// conditions of writes: most of those that fail put back into the cache what
// they found there.
var conditions = []store.Condition{{}, {}, {MustNotExist: true}, {MustExist: true}, {Revisions: []string{"of another"}}}

// step does one random operation and returns what is wrong with its result.
// An unavailable dependency is not wrong.
func (f *fleet) step(ctx context.Context) error {
	items, k := f.environments[rand.IntN(fleetSize)], rand.IntN(len(f.keys))
	key, known := f.keys[k], f.records[k]
	switch dice := rand.IntN(100); {
	case dice < 80:
		began := time.Now()
		floor := known.floor(began.Add(-f.bound))
		ctx, work := postresponse.NewQueue(ctx)
		item, status, err := items.Get(ctx, key)
		defer work.Run()
		defer time.Sleep(rand.N(2 * time.Millisecond)) // the response is being sent
		switch {
		case err == nil && item.UpdatedAt.Before(floor.Truncate(time.Microsecond)):
			return fmt.Errorf("read the version of %s (%s) when %s was acknowledged", item.UpdatedAt, status, floor)
		case err != nil && fault.KindOf(err) == fault.NotFound && !known.allowsNothing(floor):
			return fmt.Errorf("read nothing (%s) when %s was acknowledged", status, floor)
		}
	case dice < 92:
		condition := conditions[rand.IntN(len(conditions))]
		known.put(func() (time.Time, error) {
			item, _, err := items.Put(ctx, key, json.RawMessage(`1`), condition)
			return item.UpdatedAt, err
		})
	default:
		known.delete(func() error { return items.Delete(ctx, key, store.Condition{}) }, f.settle)
	}
	return nil
}

// settle ends statements that the database still runs for abandoned calls.
func (f *fleet) settle() {
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, f.admin)
	if err != nil {
		f.t.Error(err)
		return
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'app' AND datname = current_database()`)
	if err != nil {
		f.t.Error(err)
	}
}

// disturb injects faults at random times until ctx ends.
func (f *fleet) disturb(ctx context.Context, caches bool) {
	for ctx.Err() == nil {
		pause(60 * time.Millisecond)
		f.mu.Lock()
		victims := f.databases
		if caches && rand.IntN(2) == 0 {
			victims = f.caches
		}
		if len(victims) == 0 {
			f.mu.Unlock()
			continue
		}
		victim := victims[rand.IntN(len(victims))]
		f.mu.Unlock()
		f.figures.Fault()
		switch rand.IntN(4) {
		case 0:
			victim.ResetAll()
			pause(30 * time.Millisecond)
			victim.Restore()
		case 1:
			victim.Stall()
			pause(30 * time.Millisecond)
			victim.Restore()
		case 2:
			victim.ResetOnce()
		default: // a key is evicted, or lost in a restart
			_ = f.redis.Del(ctx, "item:1:{"+f.keys[rand.IntN(len(f.keys))]+"}").Err()
		}
	}
}

func (f *fleet) run(lasting time.Duration, caches bool) {
	ctx, cancel := context.WithTimeout(f.t.Context(), lasting)
	defer cancel()
	var actors sync.WaitGroup
	actors.Go(func() { f.disturb(ctx, caches) })
	for range 16 {
		actors.Go(func() {
			for ctx.Err() == nil {
				f.figures.Operation()
				// A call that has begun is completed: an abandoned call shows nothing.
				if err := f.step(context.WithoutCancel(ctx)); err != nil {
					f.figures.Wrong(err)
					cancel()
				}
			}
		})
	}
	actors.Wait()
}

// bound is how long an older version may be served where Redis could not be
// reached for an invalidation: an entry's whole life after it was filled, and
// the time to write it down, which on a busy machine is not nothing.
const bound = 500 * time.Millisecond

// The same guarantee as above, with the real dependencies: a database whose
// connections break in the middle of reads and writes, Redis that loses keys,
// and in the last two Redis that comes and goes.
func TestNoItemIsOlderThanWhatWasAcknowledged(t *testing.T) {
	lasting := soak.For(t, 12*time.Second) / 4
	for name, test := range map[string]struct {
		cluster, caches bool
		bound           time.Duration
	}{
		"the database fails, Redis alone":               {},
		"the database fails, Redis cluster":             {cluster: true},
		"the database and Redis fail, alone, bounded":   {caches: true, bound: bound},
		"the database and Redis fail, cluster, bounded": {cluster: true, caches: true, bound: bound},
	} {
		t.Run(name, func(t *testing.T) {
			newFleet(t, test.cluster, test.bound).run(lasting, test.caches)
		})
	}
}

// Else the versions above could not be compared with times of ours.
func TestTheDatabaseAndTheTestShareAClock(t *testing.T) {
	d := testservices.NewDatabase(t)
	conn, err := pgx.ConnectConfig(t.Context(), d.Admin)
	works(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	var theirs time.Time
	before := time.Now().Truncate(time.Microsecond)
	works(t, conn.QueryRow(t.Context(), `SELECT clock_timestamp()`).Scan(&theirs))
	if theirs.Before(before) || theirs.After(time.Now()) {
		t.Fatalf("the database's time is %s, the test's %s", theirs, before)
	}
}
