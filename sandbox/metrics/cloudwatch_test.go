package metrics

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeAccount has alarms and metric filters, and records the changes of states.
type fakeAccount struct {
	mu      sync.Mutex
	alarms  []Alarm
	filters []MetricFilter
	changes []string
	err     error
}

func (a *fakeAccount) Alarms(context.Context) ([]Alarm, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]Alarm{}, a.alarms...), a.err
}

func (a *fakeAccount) SetAlarmState(_ context.Context, name string, outcome Outcome) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.alarms {
		if a.alarms[i].Name == name {
			a.alarms[i].State = outcome.State
		}
	}
	a.changes = append(a.changes, name+" "+string(outcome.State))
	return nil
}

func (a *fakeAccount) MetricFilters(context.Context) ([]MetricFilter, error) { return a.filters, a.err }

// newTest returns CloudWatch whose clock is stopped, and the text of its log.
func newTest(t *testing.T, account *fakeAccount) (*CloudWatch, *strings.Builder) {
	t.Helper()
	var log strings.Builder
	clock := NewClock(func() time.Time { return end })
	clock.Stop()
	return New(account, NewStore(), clock, slog.New(slog.NewTextHandler(&log, nil))), &log
}

func TestAnAlarmEntersALARMInItsMinuteAndReturnsToOK(t *testing.T) {
	account := &fakeAccount{alarms: []Alarm{errorsAlarm()}}
	c, _ := newTest(t, account)
	for _, minute := range []struct {
		errors  float64
		changes []string
	}{
		{1, nil},
		{0, nil},
		{1, []string{"errors ALARM"}},
		{0, []string{"errors ALARM"}},
		{0, []string{"errors ALARM"}},
		{0, []string{"errors ALARM", "errors OK"}},
	} {
		c.PutNow(Datum{Metric: errorsAlarm().Metric, Value: minute.errors})
		c.Turn(t.Context(), time.Minute)
		if !reflect.DeepEqual(account.changes, minute.changes) {
			t.Fatalf("at %s: %v, want %v", c.Clock.Now(), account.changes, minute.changes)
		}
	}
}

// "This temporary state change lasts only until the next alarm comparison occurs."
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func TestAStateThatWasSetLastsUntilTheNextEvaluation(t *testing.T) {
	account := &fakeAccount{alarms: []Alarm{errorsAlarm()}}
	account.alarms[0].State = InAlarm
	c, _ := newTest(t, account)
	c.Turn(t.Context(), time.Minute)
	if account.alarms[0].State != OK {
		t.Errorf("it is %s", account.alarms[0].State)
	}
}

func TestWhileTheClockIsTurnedEachMinuteIsSampledAndEvaluated(t *testing.T) {
	m := Metric{"N", "M", nil}
	account := &fakeAccount{alarms: []Alarm{{
		Name: "high", Metric: m, Statistic: "Maximum", Period: time.Minute, Periods: 1, Needed: 1, Comparison: "GreaterThanThreshold", Threshold: 2, State: OK,
	}}}
	c, _ := newTest(t, account)
	sampled := 0.0
	c.Sample = func(context.Context) []Datum {
		sampled++
		return []Datum{{Metric: m, Value: float64(int(sampled) % 4)}}
	}
	c.Turn(t.Context(), 8*time.Minute)
	if want := []string{"high ALARM", "high OK", "high ALARM", "high OK"}; !reflect.DeepEqual(account.changes, want) {
		t.Errorf("%v, want %v", account.changes, want)
	}
	if sampled != 8 {
		t.Errorf("%v samples", sampled)
	}
}

func TestAPeriodBelowAMinuteIsEvaluatedEveryTenSeconds(t *testing.T) {
	m := Metric{"N", "M", nil}
	account := &fakeAccount{alarms: []Alarm{{
		Name: "fast", Metric: m, Statistic: "Sum", Period: 10 * time.Second, Periods: 1, Needed: 1, Comparison: "GreaterThanThreshold", Missing: "notBreaching", State: OK,
	}}}
	c, _ := newTest(t, account)
	c.Turn(t.Context(), time.Minute) // it knows of the period
	c.PutNow(Datum{Metric: m, Value: 1, Fine: true})
	c.Turn(t.Context(), 10*time.Second)
	if want := []string{"fast ALARM"}; !reflect.DeepEqual(account.changes, want) {
		t.Fatalf("after ten seconds: %v", account.changes)
	}
	c.Turn(t.Context(), 10*time.Second)
	c.Turn(t.Context(), 10*time.Second)
	c.Turn(t.Context(), 10*time.Second) // the evaluation range is over
	if want := []string{"fast ALARM", "fast OK"}; !reflect.DeepEqual(account.changes, want) {
		t.Errorf("after more: %v", account.changes)
	}
}

func TestLogEventsHaveTheMetricsOfFiltersAndTheirOwn(t *testing.T) {
	errorLines := MetricFilter{
		Group: "f", Name: "errors", Pattern: `{ $.level = "ERROR" }`, Metric: Metric{"app", "ErrorLines", nil}, Unit: "Count", Value: "1", Default: "0",
	}
	byResult := MetricFilter{
		Group: "f", Name: "answers", Pattern: `{ $.cache = * }`, Metric: Metric{"app", "Answers", map[string]string{"Result": "$.cache"}}, Value: "1",
	}
	latency := MetricFilter{Group: "f", Name: "latency", Pattern: "", Metric: Metric{"app", "Latency", nil}, Value: "$.ms"}
	account := &fakeAccount{filters: []MetricFilter{errorLines, byResult, latency}}
	c, log := newTest(t, account)
	for _, line := range []string{`{"level":"ERROR","cache":"hit"}`, `{"level":"INFO","cache":"stale","ms":7}`, `START`} {
		c.Log(Event{Group: "f", Time: time.Now(), Message: line})
	}
	c.Log(Event{Group: "g", Time: time.Now(), Message: `{"level":"ERROR"}`})
	c.Turn(t.Context(), time.Minute)
	sum := func(m Metric, want Distribution) {
		t.Helper()
		got := c.Store.Range(m, "", time.Minute, end, end.Add(time.Minute))[0]
		if got == nil || got.Sum != want.Sum || got.Count != want.Count {
			t.Errorf("%v: %+v, want %+v", m, got, want)
		}
	}
	sum(errorLines.Metric, Distribution{Sum: 1, Count: 3})
	sum(Metric{"app", "Answers", map[string]string{"Result": "hit"}}, Distribution{Sum: 1, Count: 1})
	sum(Metric{"app", "Answers", map[string]string{"Result": "stale"}}, Distribution{Sum: 1, Count: 1})
	sum(latency.Metric, Distribution{Sum: 7, Count: 1})
	sum(Metric{"AWS/Logs", "IncomingLogEvents", map[string]string{"LogGroupName": "f"}}, Distribution{Sum: 3, Count: 3})
	sum(Metric{"AWS/Logs", "IncomingBytes", map[string]string{"LogGroupName": "f"}}, Distribution{Sum: 3*26 + 31 + 39 + 5, Count: 3})
	if log.Len() > 0 {
		t.Errorf("the log: %s", log)
	}
}

func TestProblemsAreLoggedOnce(t *testing.T) {
	bad := errorsAlarm()
	bad.Statistic = "tm99"
	account := &fakeAccount{
		alarms:  []Alarm{bad, errorsAlarm()},
		filters: []MetricFilter{{Group: "f", Name: "words", Pattern: "ERROR", Value: "1"}, {Group: "f", Name: "value", Value: "many"}},
	}
	c, log := newTest(t, account)
	for range 2 {
		c.Log(Event{Group: "f", Message: `{"_aws":{}}`})
		c.Turn(t.Context(), time.Minute)
	}
	for _, want := range []string{`statistic \"tm99\"`, "metric filter words", "metric filter value", "no Timestamp"} {
		if strings.Count(log.String(), want) != 1 {
			t.Errorf("the log has %q %d times:\n%s", want, strings.Count(log.String(), want), log)
		}
	}
	account.err = errors.New("the emulator is down")
	c.Log(Event{Group: "f"})
	c.Turn(t.Context(), time.Minute)
	if strings.Count(log.String(), "the emulator is down") != 2 {
		t.Errorf("the log:\n%s", log)
	}
}

func TestTheClockRunsStandsAndNeverGoesBack(t *testing.T) {
	now := end
	clock := NewClock(func() time.Time { return now })
	at := func(want time.Duration) {
		t.Helper()
		if got := clock.Now().Sub(end); got != want {
			t.Errorf("it is %s, want %s", got, want)
		}
	}
	now = now.Add(time.Second)
	at(time.Second)
	clock.turn(end.Add(time.Minute))
	at(time.Minute)
	now = now.Add(time.Second)
	at(time.Minute + time.Second)
	clock.Stop()
	now = now.Add(time.Hour)
	at(time.Minute + time.Second)
	clock.turn(end)
	at(time.Minute + time.Second)
	clock.turn(end.Add(2 * time.Minute))
	at(2 * time.Minute)
}

func TestRunCountsAndEvaluatesByItself(t *testing.T) {
	account := &fakeAccount{alarms: []Alarm{errorsAlarm()}}
	account.alarms[0].State = Insufficient
	clock := NewClock(time.Now)
	c := New(account, NewStore(), clock, slog.New(slog.DiscardHandler))
	clock.turn(time.Now().Add(2 * time.Minute)) // a minute is due
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		c.Run(ctx)
		close(done)
	}()
	for evaluated := false; !evaluated; time.Sleep(10 * time.Millisecond) {
		account.mu.Lock()
		evaluated = account.alarms[0].State == OK
		account.mu.Unlock()
	}
	cancel()
	<-done
}
