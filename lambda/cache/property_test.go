package cache_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// history is a source of truth that records the time of each acknowledgement.
type history struct {
	mu      sync.Mutex
	version int
	deleted []int // versions at which the value was deleted
	acked   []ack // in the order of acknowledgement
	// results is how long a result may be in transit; 0: 4 ms.
	results time.Duration
}

type ack struct {
	version int
	at      time.Time
}

// load reads as a database does: the result arrives later.
func (h *history) load(context.Context) ([]byte, bool, error) {
	pause(2 * time.Millisecond)
	h.mu.Lock()
	version := h.version
	gone := len(h.deleted) > 0 && h.deleted[len(h.deleted)-1] == version || version == 0
	h.mu.Unlock()
	pause(max(h.results, 4*time.Millisecond))
	return []byte(strconv.Itoa(version)), !gone, nil
}

// change commits a new version somewhere within its time.
func (h *history) change(remove bool) int {
	pause(2 * time.Millisecond)
	h.mu.Lock()
	h.version++
	version := h.version
	if remove {
		h.deleted = append(h.deleted, version)
	}
	h.mu.Unlock()
	pause(2 * time.Millisecond)
	return version
}

func (h *history) acknowledge(version int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.acked = append(h.acked, ack{version: version, at: time.Now()})
}

// floor is the latest version that was acknowledged before the given time.
func (h *history) floor(before time.Time) (floor int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.acked {
		if a.at.Before(before) {
			floor = max(floor, a.version)
		}
	}
	return floor
}

// allows reports whether a read may return this after floor was acknowledged.
func (h *history) allows(result cache.Result, floor int) bool {
	if result.Found {
		version, err := strconv.Atoi(string(result.Value))
		return err == nil && version >= floor
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return floor == 0 || len(h.deleted) > 0 && h.deleted[len(h.deleted)-1] >= floor
}

// chaos is a Store whose calls fail at times, before or after they did
// something, and take their time.
type chaos struct {
	cache.Store
	figures  *soak.Figures
	fails    float64 // of all calls but End
	endFails float64
}

var errChaos = errors.New("the connection broke")

func disturb[T any](figures *soak.Figures, rate float64, call func() (T, error)) (T, error) {
	var none T
	pause(time.Millisecond)
	if rand.Float64() < rate/2 {
		figures.Fault()
		return none, errChaos
	}
	value, err := call()
	if rand.Float64() < rate/2 {
		figures.Fault()
		return none, errChaos
	}
	return value, err
}

func (c chaos) Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error) {
	_, err = disturb(c.figures, c.fails, func() (_ bool, err error) {
		stored, mine, err = c.Store.Acquire(ctx, key, ttl/50)
		return mine, err
	})
	return stored, mine, err
}

func (c chaos) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error) {
	return disturb(c.figures, c.fails, func() (bool, error) { return c.Store.Replace(ctx, key, tag, value, ttl) })
}

func (c chaos) Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error) {
	_, err = disturb(c.figures, c.fails, func() (_ bool, err error) {
		mine, before, err = c.Store.Mark(ctx, key, ttl/500)
		return true, err
	})
	return mine, before, err
}

func (c chaos) End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error {
	_, err := disturb(c.figures, c.endFails, func() (bool, error) { return true, c.Store.End(ctx, key, mine, markFor/500) })
	return err
}

func pause(maxEntryAge time.Duration) { time.Sleep(rand.N(maxEntryAge)) }

// world is several execution environments over several keys.
type world struct {
	environments []*cache.Cache
	keys         []string
	truth        []*history
	server       cache.Store // undisturbed, to lose keys
	bound        time.Duration
	figures      *soak.Figures
}

var short = cache.Config{Fresh: 15 * time.Millisecond, Stale: 30 * time.Millisecond, Negative: 10 * time.Millisecond}

func newWorld(t *testing.T, cluster bool, keys int, fails, endFails float64) *world {
	w := &world{server: testservices.Redis(t, cluster), figures: soak.Count(t)}
	for range 4 {
		disturbed := chaos{Store: testservices.Redis(t, cluster), figures: w.figures, fails: fails, endFails: endFails}
		w.environments = append(w.environments, cache.New(disturbed, short, slog.New(slog.DiscardHandler)))
	}
	for range keys {
		w.keys = append(w.keys, newKey())
		w.truth = append(w.truth, &history{})
	}
	return w
}

// step does one random operation and returns what is wrong with its result.
func (w *world) step(ctx context.Context) error {
	c, k := w.environments[rand.IntN(len(w.environments))], rand.IntN(len(w.keys))
	key := w.keys[k]
	switch dice := rand.IntN(100); {
	case dice < 80:
		return w.read(ctx, c, k)
	case dice < 95:
		w.change(ctx, c, k, dice < 85)
	case dice < 98:
		c.Write(ctx, key, func(context.Context) cache.Outcome {
			pause(2 * time.Millisecond)
			return cache.Unchanged
		})
	default:
		return w.server.End(ctx, key, nil, 0) // evicted, or lost in a restart
	}
	return nil
}

// read reads an item and returns what is wrong with the result.
func (w *world) read(ctx context.Context, c *cache.Cache, k int) error {
	floor := w.truth[k].floor(time.Now().Add(-w.bound))
	result, err := c.Get(ctx, w.keys[k], w.truth[k].load)
	if err != nil {
		return err
	}
	if !w.truth[k].allows(result, floor) {
		return fmt.Errorf("read %q (found %v, %s) after version %d was acknowledged", result.Value, result.Found, result.Status, floor)
	}
	return nil
}

// change writes an item, or removes it.
func (w *world) change(ctx context.Context, c *cache.Cache, k int, remove bool) {
	var version int
	c.Write(ctx, w.keys[k], func(context.Context) cache.Outcome {
		version = w.truth[k].change(remove)
		return cache.Changed
	})
	w.truth[k].acknowledge(version)
}

func (w *world) run(t *testing.T, lasting time.Duration) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var actors sync.WaitGroup
	for end, i := time.Now().Add(lasting), 0; i < 24; i++ {
		actors.Go(func() {
			for time.Now().Before(end) && ctx.Err() == nil {
				w.figures.Operation()
				if err := w.step(ctx); err != nil && ctx.Err() == nil {
					w.figures.Wrong(err)
					cancel()
				}
			}
		})
	}
	actors.Wait()
}

// Whatever reads, writes, deletes, expiries, lost keys and failures of Redis
// come together, no read gets a version older than one acknowledged before it
// began; where invalidations get lost, not for longer than an entry lasts. There
// it has so many keys that some are not written again for longer than that:
// the next write would end an entry that does not end by itself.
func TestNoReadIsOlderThanWhatWasAcknowledged(t *testing.T) {
	lasting := soak.For(t, 8*time.Second) / 4
	for name, test := range map[string]struct {
		cluster         bool
		keys            int
		fails, endFails float64
		bound           time.Duration
	}{
		"Redis alone":      {keys: 3},
		"Redis cluster":    {keys: 3, cluster: true},
		"Redis that fails": {keys: 3, fails: 0.2},
		"Redis that fails invalidations, bounded": {keys: 200, fails: 0.4, endFails: 0.9, bound: bound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, test.cluster, test.keys, test.fails, test.endFails)
			w.bound = test.bound
			w.run(t, lasting)
		})
	}
}
