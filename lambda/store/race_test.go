package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/soak"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/store"
)

// operation is one write with its outcome, and the span of time in which it took place.
type operation struct {
	deletes    bool
	condition  store.Condition
	outcome    fault.Kind // empty: it succeeded
	created    bool
	unknown    bool   // whether it was done or will be done is unknown
	revision   string // that a Put wrote
	begin, end int64
}

func (o operation) String() string {
	what := "Put"
	if o.deletes {
		what = "Delete"
	}
	return fmt.Sprintf("%s %+v in [%d, %d]: %q unknown=%v created=%v %s", what, o.condition, o.begin, o.end, o.outcome, o.unknown, o.created, o.revision)
}

// from reports whether the operation has its outcome on an item at a revision, "" where it is missing, and the
// revision after it.
func (o operation) from(revision string) (after string, ok bool) {
	missing, c := revision == "", o.condition
	holds := (!c.MustNotExist || missing) && (!c.MustExist || !missing) &&
		(c.Revisions == nil || !missing && slices.Contains(c.Revisions, revision)) &&
		(missing || !slices.Contains(c.NotRevisions, revision))
	switch {
	case o.unknown: // an operation without effect need not be in the order
		return o.revision, holds
	case o.deletes && missing:
		return "", o.outcome == fault.NotFound
	case !holds:
		return revision, o.outcome == fault.Precondition
	case o.deletes:
		return "", o.outcome == ""
	default:
		return o.revision, o.outcome == "" && o.created == missing
	}
}

// explained reports whether the operations on one item have an order that explains their outcomes and in which those
// that did not overlap keep their order: that is, whether their history is linearizable (Herlihy and Wing, 1990). Those
// with an unknown outcome may be left out. It is Wing and Gong's search, which visits no state twice.
func explained(history []operation) bool {
	type state struct {
		done     uint64
		revision string
	}
	tried, known := map[state]bool{}, uint64(0)
	for i, o := range history {
		if !o.unknown {
			known |= 1 << i
		}
	}
	var search func(state) bool
	search = func(s state) bool {
		if s.done&known == known {
			return true
		}
		if tried[s] {
			return false
		}
		tried[s] = true
		firstEnd := int64(1<<63 - 1)
		for i, o := range history {
			if s.done&(1<<i) == 0 && !o.unknown {
				firstEnd = min(firstEnd, o.end)
			}
		}
		for i, o := range history {
			if s.done&(1<<i) != 0 || o.begin > firstEnd {
				continue
			}
			if after, ok := o.from(s.revision); ok && search(state{s.done | 1<<i, after}) {
				return true
			}
		}
		return false
	}
	return search(state{})
}

func TestTheLinearizabilityCheckFindsWrongOutcomes(t *testing.T) {
	put := operation{revision: "r", created: true, begin: 1, end: 2}
	deleted := func(outcome fault.Kind, begin, end int64) operation {
		return operation{deletes: true, outcome: outcome, begin: begin, end: end}
	}
	unless := func(revision string, outcome fault.Kind, begin, end int64) operation {
		o := deleted(outcome, begin, end)
		o.condition.NotRevisions = []string{revision}
		return o
	}
	lost := operation{deletes: true, unknown: true, begin: 3, end: 4}
	for name, test := range map[string]struct {
		history []operation
		want    bool
	}{
		"one of two deletes finds nothing":       {[]operation{put, deleted("", 3, 6), deleted(fault.NotFound, 4, 5)}, true},
		"both deletes delete":                    {[]operation{put, deleted("", 3, 6), deleted("", 4, 5)}, false},
		"neither deletes":                        {[]operation{put, deleted(fault.NotFound, 3, 6), deleted(fault.NotFound, 4, 5)}, false},
		"a delete without a condition fails one": {[]operation{put, deleted("", 3, 6), deleted(fault.Precondition, 4, 5)}, false},
		"a condition fails before the delete":    {[]operation{put, deleted("", 3, 6), unless("r", fault.Precondition, 4, 5)}, true},
		"a condition fails after the delete":     {[]operation{put, deleted("", 3, 4), unless("r", fault.Precondition, 5, 6)}, false},
		"a condition fails that was met":         {[]operation{put, unless("x", fault.Precondition, 3, 4)}, false},
		"a lost delete was done":                 {[]operation{put, lost, deleted(fault.NotFound, 5, 6)}, true},
		"a lost delete was not done":             {[]operation{put, lost, deleted("", 5, 6)}, true},
		"a lost delete was done later":           {[]operation{put, lost, unless("r", fault.Precondition, 5, 6), deleted(fault.NotFound, 7, 8)}, true},
		"a lost delete was done before":          {[]operation{put, deleted(fault.NotFound, 3, 4), {deletes: true, unknown: true, begin: 5, end: 6}}, false},
	} {
		if got := explained(test.history); got != test.want {
			t.Errorf("%s: explained is %v", name, got)
		}
	}
}

// contest is several concurrent writers of one item, with their operations.
type contest struct {
	store   *store.Store
	figures *soak.Figures
	cut     bool // connections are cut during the writes
	clock   atomic.Int64
	mu      sync.Mutex
	history []operation
}

// known returns a revision that a writer has written, most often the latest.
func (c *contest) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range slices.Backward(c.history) {
		if o.revision != "" && o.outcome == "" && rand.N(3) > 0 {
			return o.revision
		}
	}
	return "x"
}

func (c *contest) condition() store.Condition {
	switch rand.N(7) {
	case 0:
		return store.Condition{MustNotExist: true}
	case 1:
		return store.Condition{MustExist: true}
	case 2:
		return store.Condition{Revisions: []string{c.known(), c.known()}}
	case 3:
		return store.Condition{NotRevisions: []string{c.known()}}
	default:
		return store.Condition{}
	}
}

// write writes the item once and records the outcome.
func (c *contest) write(ctx context.Context, t *testing.T, id string) {
	o := operation{deletes: rand.N(2) == 0, condition: c.condition(), begin: c.clock.Add(1)}
	var err error
	if o.deletes {
		err = c.store.Delete(ctx, id, o.condition)
	} else {
		var item store.Item
		item, o.created, err = c.store.Put(ctx, id, json.RawMessage(`1`), o.condition)
		o.revision = item.Revision
	}
	o.end = c.clock.Add(1)
	c.figures.Operation()
	if err != nil {
		switch o.outcome = fault.KindOf(err); {
		case o.outcome == fault.NotFound || o.outcome == fault.Precondition:
		case !c.cut || o.outcome != fault.Unavailable:
			t.Error(err)
		case store.NotApplied(err):
			return // it had no effect and must not be in the order
		default:
			o.unknown = true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.history = append(c.history, o)
}

// Each outcome of concurrent writes matches a state that the item had between the call and its return: a write without
// a condition never fails one, one of two deletes finds nothing, and the reason of a failure is the item's state at
// that time.
func TestConcurrentWritesAreLinearizable(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	figures, wait := soak.Count(t), time.Now().Add(soak.For(t, 3*time.Second))
	for round := 0; time.Now().Before(wait); round++ {
		c := &contest{store: s, figures: figures}
		c.run(t, fmt.Sprint("race-", round))
	}
}

// run has all writers write the item concurrently, and checks the outcomes.
func (c *contest) run(t *testing.T, id string) {
	const writers, each = 6, 5 // all of an item's operations fit into the bits of a number
	c.write(t.Context(), t, id)
	var running sync.WaitGroup
	for range writers {
		running.Go(func() {
			for range each {
				c.write(t.Context(), t, id)
			}
		})
	}
	running.Wait()
	if !explained(c.history) {
		slices.SortFunc(c.history, func(a, b operation) int { return int(a.begin - b.begin) })
		c.figures.Wrong(fmt.Errorf("no order explains %v", c.history))
	}
}

// A write whose connection is cut is done once or not at all, and never when it reports that it was not done.
func TestConcurrentWritesOverFailingConnectionsAreLinearizable(t *testing.T) {
	s, proxy := behind(t, func(*store.Config) {})
	figures, wait := soak.Count(t), time.Now().Add(soak.For(t, 3*time.Second))
	for round := 0; time.Now().Before(wait); round++ {
		c := &contest{store: s, figures: figures, cut: true}
		done := make(chan struct{})
		go func() {
			defer close(done)
			time.Sleep(rand.N(20 * time.Millisecond)) // at any point of the round
			proxy.ResetOnce()
			figures.Fault()
		}()
		c.run(t, fmt.Sprint("race-", round))
		<-done
	}
}

// Before this was fixed, one delete of 138 of 200 concurrent pairs got the error of a failed condition.
func TestOneOfTwoConcurrentDeletesFindsNothing(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	for range 100 {
		put(t, s, "a", `1`)
		results := make(chan error, 2)
		for range cap(results) {
			go func() { results <- s.Delete(t.Context(), "a", store.Condition{}) }()
		}
		first, second := <-results, <-results
		if first != nil {
			first, second = second, first
		}
		if first != nil || fault.KindOf(second) != fault.NotFound {
			t.Fatalf("got %v and %v", first, second)
		}
	}
}
