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

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

// pooled is a database behind proxies that reject cancel requests, as RDS Proxy does:
// "For PostgreSQL, RDS Proxy doesn't currently support canceling a query from a
// client by issuing a CancelRequest" (its limitations in the Aurora user guide;
// it sends no key to cancel by, github.com/pgdogdev/pgdog/pull/918).
type pooled struct {
	testservices.Database
	t      *testing.T
	bypass *store.Store // past the proxies
}

func newPooled(t *testing.T) pooled {
	d := testservices.NewDatabase(t)
	return pooled{Database: d, t: t, bypass: d.Store(t)}
}

// environment returns a new execution environment, and its proxy.
func (p pooled) environment(server cache.Store, borrow time.Duration) (*cache.Items, *faultproxy.Proxy) {
	proxy := faultproxy.New(p.t, net.JoinHostPort(p.Admin.Host, strconv.Itoa(int(p.Admin.Port))))
	proxy.EmulateRDSProxy(borrow)
	config := p.Config()
	host, port, _ := net.SplitHostPort(proxy.Address())
	config.Host, config.MaxConns = host, 16
	config.Port, _ = strconv.Atoi(port)
	items := store.Open(config)
	p.t.Cleanup(items.Close)
	return cache.NewItems(items, cache.New(server, long, slog.New(slog.DiscardHandler)), ""), proxy
}

// admin runs a function as the administrator.
func (p pooled) admin(ctx context.Context, do func(*pgx.Conn) error) {
	conn, err := pgx.ConnectConfig(ctx, p.Admin)
	if err == nil {
		err = do(conn)
		_ = conn.Close(ctx)
	}
	if err != nil {
		p.t.Error(err)
	}
}

// locked holds the lock of an item while a function runs.
func (p pooled) locked(id string, while func()) {
	ctx := context.Background()
	p.admin(ctx, func(conn *pgx.Conn) error {
		return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, `SELECT FROM items WHERE id = $1 FOR UPDATE`, id)
			if err == nil {
				while()
			}
			return err
		})
	})
}

// waiting waits until so many statements of the application wait for a lock.
// pg_stat_activity alone shows a statement that checks for a deadlock as one that
// does not wait.
func (p pooled) waiting(want int) {
	p.t.Helper()
	until(p.t, func() (done bool) {
		p.admin(context.Background(), func(conn *pgx.Conn) error {
			var count int
			row := conn.QueryRow(context.Background(), `SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE NOT granted AND datname = current_database() AND usename = 'app'`)
			err := row.Scan(&count)
			done = count == want
			return err
		})
		return done
	})
}

// givenUp writes an item and abandons the call; its statement continues.
func givenUp(t *testing.T, items *cache.Items, id, body string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, _, err := items.Put(ctx, id, json.RawMessage(body), store.Condition{}); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("a waiting write returns %v", err)
	}
}

// reads checks that what is read through the cache is what the database has.
func (p pooled) reads(items *cache.Items, id string) cache.Status {
	p.t.Helper()
	want, err := p.bypass.Get(p.t.Context(), id)
	works(p.t, err)
	got, status, err := items.Get(p.t.Context(), id)
	works(p.t, err)
	is(p.t, "revision", want.Revision, got.Revision)
	return status
}

// The write of an abandoned call waits for a lock, or in RDS Proxy for a connection. Meanwhile another write of the
// item begins and ends, and
// the item is read. Then the first write commits.
func TestTheMarkOfAnUnknownOutcomeOutlivesOtherWrites(t *testing.T) {
	for name, second := range map[string]struct {
		condition store.Condition
		want      fault.Kind
	}{
		"that change the item":          {},
		"that fail on their conditions": {condition: store.Condition{Revisions: []string{"of another"}}, want: fault.Precondition},
	} {
		t.Run(name, func(t *testing.T) {
			p, server, id := newPooled(t), testservices.Redis(t, false), newKey()
			late, proxy := p.environment(server, 0)
			other, _ := p.environment(server, 0)
			for _, items := range []*cache.Items{late, other} {
				_, _, err := items.Put(t.Context(), id, json.RawMessage(`1`), store.Condition{})
				works(t, err)
			}
			proxy.Hold() // the statement waits in the proxy
			givenUp(t, late, id, `2`)
			_, _, err := other.Put(t.Context(), id, json.RawMessage(`3`), second.condition)
			if (err != nil || second.want != "") && fault.KindOf(err) != second.want {
				t.Fatalf("the second write returns %v", err)
			}
			is(t, "status", cache.Bypass, p.reads(other, id))
			before, err := p.bypass.Get(t.Context(), id)
			works(t, err)
			proxy.Restore()
			until(t, func() bool {
				now, err := p.bypass.Get(t.Context(), id)
				works(t, err)
				return now.Revision != before.Revision
			})
			is(t, "status", cache.Bypass, p.reads(other, id))
		})
	}
	t.Run("while the statement waits for a lock", func(t *testing.T) {
		p, server, id := newPooled(t), testservices.Redis(t, false), newKey()
		items, _ := p.environment(server, 0)
		_, _, err := items.Put(t.Context(), id, json.RawMessage(`1`), store.Condition{})
		works(t, err)
		p.locked(id, func() {
			givenUp(t, items, id, `2`)
			p.waiting(1)
			_, _, err := items.Put(t.Context(), id, json.RawMessage(`3`), store.Condition{MustNotExist: true})
			is(t, "the second write", fault.Precondition, fault.KindOf(err))
			is(t, "status", cache.Bypass, p.reads(items, id))
		})
		p.waiting(0)
		is(t, "status", cache.Bypass, p.reads(items, id))
	})
}

// A mark that could not be set because Redis did not respond is set once it is known
// that the write may come into effect later.
func TestAnUnknownOutcomeMarksTheKeyIfTheFirstMarkFailed(t *testing.T) {
	timed(t, func(t *testing.T, s cache.Store) {
		server, source := s.(*memory), &source{}
		c := over(server, long)
		source.set("old", nil)
		results(t, c, "key", source, cache.Miss, "old")
		server.down = true
		c.Write(t.Context(), "key", func(context.Context) cache.Outcome {
			server.down = false
			return cache.Unknown
		})
		results(t, c, "key", source, cache.Bypass, "old")
		source.set("late", nil)
		time.Sleep(cache.MarkTime)
		results(t, c, "key", source, cache.Miss, "late")
	})
}

func TestAnAbandonedStatementEndsWhileItsLockIsHeld(t *testing.T) {
	p, server, id := newPooled(t), testservices.Redis(t, false), newKey()
	items, _ := p.environment(server, 0)
	first, _, err := items.Put(t.Context(), id, json.RawMessage(`1`), store.Condition{})
	works(t, err)
	p.locked(id, func() {
		givenUp(t, items, id, `2`)
		p.waiting(1)
		p.waiting(0)
	})
	now, err := p.bypass.Get(t.Context(), id)
	works(t, err)
	is(t, "revision", first.Revision, now.Revision)
}

// The arithmetic of the promise: nothing that is sent before Call ends comes into
// effect after the mark has expired.
func TestAMarkOutlastsTheLongestWrite(t *testing.T) {
	const sum = timeouts.Call + timeouts.Borrow + timeouts.Transaction
	if timeouts.Write < sum || cache.MarkTime < sum+10*time.Second {
		t.Errorf("a write can take %s, a mark lasts %s", sum, cache.MarkTime)
	}
	if timeouts.Statement >= timeouts.Call || timeouts.Statement >= timeouts.Transaction {
		t.Error("a statement must end before its client gives up, and before its session ends")
	}
}

// scale is by how much times are shorter in the property test.
const scale = 10

// scaled is a Store whose marks last for less.
type scaled struct{ cache.Store }

func (s scaled) Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error) {
	return s.Store.Mark(ctx, key, ttl/scale)
}

func (s scaled) End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error {
	return s.Store.End(ctx, key, mine, markFor/scale)
}

// crowd is several execution environments over items whose rows are locked at random.
type crowd struct {
	pooled
	environments []*cache.Items
	ids          []string
	figures      *soak.Figures
	wrong        *atomic.Bool
}

func newCrowd(t *testing.T, cluster bool) crowd {
	c := crowd{pooled: newPooled(t), figures: soak.Count(t), wrong: &atomic.Bool{}}
	c.admin(t.Context(), func(conn *pgx.Conn) error {
		_, err := conn.Exec(t.Context(), fmt.Sprintf(`ALTER ROLE app IN DATABASE %s SET statement_timeout = %d`,
			c.Admin.Database, (timeouts.Statement/scale).Milliseconds()))
		return err
	})
	for range 3 {
		items, _ := c.environment(scaled{testservices.Redis(t, cluster)}, timeouts.Borrow/scale)
		c.environments = append(c.environments, items)
	}
	for range 24 {
		id := newKey()
		_, _, err := c.bypass.Put(t.Context(), id, json.RawMessage(`0`), store.Condition{})
		works(t, err)
		c.ids = append(c.ids, id)
	}
	return c
}

func (c crowd) any() (*cache.Items, string) {
	return c.environments[rand.IntN(len(c.environments))], c.ids[rand.IntN(len(c.ids))]
}

// read compares a value from the cache with the database's value before the read.
func (c crowd) read(ctx context.Context) {
	items, id := c.any()
	before, err := c.bypass.Get(ctx, id)
	if err != nil {
		c.figures.Wrong(err)
		return
	}
	got, status, err := items.Get(ctx, id)
	if err == nil && got.UpdatedAt.Before(before.UpdatedAt) {
		c.wrong.Store(true)
		c.figures.Wrong(fmt.Errorf("read the version of %s (%s) when the database had that of %s", got.UpdatedAt, status, before.UpdatedAt))
	}
}

// write changes an item, or not, and gives up after its time.
func (c crowd) write(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, timeouts.Call/scale)
	defer cancel()
	items, id := c.any()
	_, _, _ = items.Put(ctx, id, json.RawMessage(`1`), conditions[rand.IntN(len(conditions))])
}

// lock holds the lock of an item for up to longer than a mark lasts.
func (c crowd) lock(end time.Time) {
	_, id := c.any()
	c.figures.Fault()
	c.locked(id, func() { pause(min(cache.MarkTime/scale*3/2, max(1, time.Until(end)))) })
}

func (c crowd) run(lasting time.Duration) {
	var actors sync.WaitGroup
	end := time.Now().Add(lasting)
	retryInvalidations := func(count int, do func()) {
		for range count {
			actors.Go(func() {
				for time.Now().Before(end) && !c.wrong.Load() {
					c.figures.Operation()
					do()
				}
			})
		}
	}
	retryInvalidations(4, func() { c.lock(end) })
	retryInvalidations(4, func() { c.write(context.Background()); pause(200 * time.Millisecond) })
	retryInvalidations(6, func() { c.read(context.Background()) })
	actors.Wait()
}

// Where statements cannot be cancelled and wait for locks and for connections
// after their clients have gone, no read through the cache is older than what the
// database had before it, including writes whose clients got no response. Entries live
// for minutes, so that a wrong one would be seen.
func TestReadsAreCurrentEvenIfWritesCommitLate(t *testing.T) {
	lasting := soak.For(t, 12*time.Second) / 2
	for name, cluster := range map[string]bool{"Redis alone": false, "Redis cluster": true} {
		t.Run(name, func(t *testing.T) { newCrowd(t, cluster).run(lasting) })
	}
}
