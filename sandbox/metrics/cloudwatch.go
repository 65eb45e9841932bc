package metrics

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Account is where alarms and metric filters are deployed.
type Account interface {
	// Alarms returns the metric alarms with their current states.
	Alarms(ctx context.Context) ([]Alarm, error)
	// SetAlarmState changes the state of an alarm, with its actions and the composite alarms above it.
	SetAlarmState(ctx context.Context, alarm string, outcome Outcome) error
	// MetricFilters returns the metric filters of all log groups. It is called for each batch of log events, so it must
	// usually return from memory.
	MetricFilters(ctx context.Context) ([]MetricFilter, error)
}

const (
	// drainInterval is the time between two batches of log events.
	drainInterval = time.Second
	// maxPending is the number of log events that wait for a batch. Further ones have no metrics.
	maxPending = 20_000
	// step is how often alarms on periods below a minute are evaluated; others are at each minute.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
	step = 10 * time.Second
)

// CloudWatch stores metrics and evaluates alarms. Its methods are safe for concurrent use.
type CloudWatch struct {
	Store *Store
	Clock *Clock
	// Sample returns what is measured once a minute, without a time; nil: nothing. It is set before Run.
	Sample  func(ctx context.Context) []Datum
	account Account
	log     *slog.Logger

	mu      sync.Mutex // of pending
	pending []Event

	evaluating sync.Mutex // one evaluation at a time
	evaluated  time.Time
	fine       bool // an alarm has a period below a minute

	problems sync.Map // that the log has
}

// New returns CloudWatch with the store and the clock. Run evaluates alarms.
func New(account Account, store *Store, clock *Clock, log *slog.Logger) *CloudWatch {
	return &CloudWatch{Store: store, Clock: clock, account: account, log: log, evaluated: clock.Now().Truncate(step)}
}

// Log counts a log event, whose time is the machine's.
func (c *CloudWatch) Log(e Event) {
	e.Time = c.Clock.At(e.Time)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pending) < maxPending {
		c.pending = append(c.pending, e)
	}
}

// Run counts log events and evaluates alarms when they are due, until ctx is done.
func (c *CloudWatch) Run(ctx context.Context) {
	tick := time.NewTicker(drainInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			c.drain(ctx)
			c.evaluateUntil(ctx, c.Clock.Now())
		}
	}
}

// Turn sets the clock forward and evaluates alarms at every minute on the way, so that they see what they would have seen.
func (c *CloudWatch) Turn(ctx context.Context, by time.Duration) {
	c.drain(ctx)
	to := c.Clock.Now().Add(by)
	c.Clock.turn(to)
	c.evaluateUntil(ctx, to)
}

// drain counts the log events that wait.
func (c *CloudWatch) drain(ctx context.Context) {
	c.mu.Lock()
	events := c.pending
	c.pending = nil
	c.mu.Unlock()
	if len(events) == 0 {
		return
	}
	filters, err := c.account.MetricFilters(ctx)
	if err != nil {
		c.report("the metric filters cannot be read", err)
	}
	counters := counters(filters)
	for _, e := range events {
		data, err := ofEvent(e)
		if err != nil {
			c.report("a log event has no metrics", err)
		}
		c.Store.Put(data...)
		for _, f := range counters {
			data, err := f.apply(e)
			if err != nil {
				c.report("a metric filter does not count", err)
			}
			c.Store.Put(data...)
		}
	}
}

// evaluateUntil evaluates the alarms at each step until then.
func (c *CloudWatch) evaluateUntil(ctx context.Context, now time.Time) {
	c.evaluating.Lock()
	defer c.evaluating.Unlock()
	for at := c.evaluated.Add(step); !at.After(now) && ctx.Err() == nil; at = at.Add(step) {
		if c.Sample != nil && at.Equal(at.Truncate(time.Minute)) {
			c.put(at.Add(-time.Second), c.Sample(ctx))
		}
		if err := c.evaluate(ctx, at); err != nil {
			c.report("alarms cannot be evaluated", err)
		}
		c.evaluated = at
	}
}

// PutNow stores data at the clock's time.
func (c *CloudWatch) PutNow(data ...Datum) { c.put(c.Clock.Now(), data) }

// put stores data of one time.
func (c *CloudWatch) put(at time.Time, data []Datum) {
	for i := range data {
		data[i].Time = at
	}
	c.Store.Put(data...)
}

// evaluate sets the states of the alarms that are due.
func (c *CloudWatch) evaluate(ctx context.Context, at time.Time) error {
	minute := at.Equal(at.Truncate(time.Minute))
	if !minute && !c.fine {
		return nil
	}
	alarms, err := c.account.Alarms(ctx)
	if err != nil {
		return err
	}
	c.fine = slices.ContainsFunc(alarms, func(a Alarm) bool { return a.Period < time.Minute })
	for _, a := range alarms {
		if !minute && a.Period >= time.Minute {
			continue
		}
		outcome, err := a.Evaluate(c.Store, at)
		if err != nil {
			c.report("an alarm is not evaluated", err)
			continue
		}
		if outcome.State == a.State {
			continue
		}
		if err := c.account.SetAlarmState(ctx, a.Name, outcome); err != nil {
			return err
		}
	}
	return nil
}

// report logs a problem once.
func (c *CloudWatch) report(what string, err error) {
	if _, known := c.problems.LoadOrStore(what+err.Error(), true); !known {
		c.log.Warn(what, "error", err)
	}
}
