package metrics

import (
	"strings"
	"testing"
	"time"
)

// end is the end of the newest period.
var end = time.Unix(1_800_000_000, 0).Truncate(time.Hour)

// retained is a state that evaluation does not change.
const retained State = "retained"

// The two tables of the documentation: a threshold is crossed by X, and "-" is missing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingDataIsTreatedAsDocumented(t *testing.T) {
	for _, table := range []struct {
		needed int
		rows   map[string][4]State // missing, ignore, breaching, notBreaching
	}{
		{3, map[string][4]State{
			"0 - X - X": {OK, OK, OK, OK},
			"0 - - - -": {OK, OK, OK, OK},
			"- - - - 0": {OK, OK, OK, OK},
			"- - - - -": {Insufficient, retained, InAlarm, OK},
			"0 X X - X": {InAlarm, InAlarm, InAlarm, InAlarm},
			"- - X - -": {InAlarm, retained, InAlarm, OK},
			// "Avoiding premature transitions to alarm state".
			"- - - - X": {Insufficient, retained, InAlarm, OK},
			"- - - X -": {Insufficient, retained, InAlarm, OK},
			"- - - X 0": {OK, OK, OK, OK},
			"- - X - 0": {OK, OK, OK, OK},
		}},
		{2, map[string][4]State{
			"0 - X - X": {InAlarm, InAlarm, InAlarm, InAlarm},
			"0 0 X 0 X": {InAlarm, InAlarm, InAlarm, InAlarm},
			"0 - X - -": {OK, OK, InAlarm, OK},
			"- - - - 0": {OK, OK, InAlarm, OK},
			"- - - X -": {InAlarm, retained, InAlarm, OK},
		}},
	} {
		for row, states := range table.rows {
			for i, missing := range []string{"missing", "ignore", "breaching", "notBreaching"} {
				t.Run(row+" treated as "+missing, func(t *testing.T) {
					a := Alarm{Periods: 3, Needed: table.needed, Missing: missing, State: retained}
					if got := a.state(parse(row)); got != states[i] {
						t.Errorf("%d of 3: %s, want %s", table.needed, got, states[i])
					}
				})
			}
		}
	}
}

func parse(row string) []point {
	var points []point
	for _, c := range strings.Fields(row) {
		points = append(points, map[string]point{"-": absent, "0": good, "X": bad}[c])
	}
	return points
}

// errors is an alarm of the program's kind: two minutes of five.
func errorsAlarm() Alarm {
	return Alarm{
		Name: "errors", Metric: Metric{"AWS/Lambda", "Errors", map[string]string{"FunctionName": "f"}}, Statistic: "Sum", Period: time.Minute,
		Periods: 5, Needed: 2, Comparison: "GreaterThanThreshold", Missing: "notBreaching", State: OK,
	}
}

// minutesAgo stores values in the minute that ended so many minutes ago.
func minutesAgo(s *Store, m Metric, minutes int, values ...float64) {
	for _, value := range values {
		s.Put(Datum{Metric: m, Unit: "Count", Time: end.Add(-time.Duration(minutes)*time.Minute - time.Second), Value: value})
	}
}

func TestAnAlarmReadsItsMetricAndNoOther(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Alarm)
		want   State
	}{
		"as deployed":            {func(*Alarm) {}, InAlarm},
		"with another dimension": {func(a *Alarm) { a.Dimensions = map[string]string{"FunctionName": "g"} }, OK},
		"with a dimension more": {func(a *Alarm) {
			a.Dimensions = map[string]string{"FunctionName": "f", "Resource": "f:live"}
		}, OK},
		"without dimensions":              {func(a *Alarm) { a.Dimensions = nil }, OK},
		"of another name":                 {func(a *Alarm) { a.Metric.Name = "Error" }, OK},
		"of another namespace":            {func(a *Alarm) { a.Namespace = "AWS/lambda" }, OK},
		"of the unit":                     {func(a *Alarm) { a.Unit = "Count" }, InAlarm},
		"of another unit":                 {func(a *Alarm) { a.Unit = "Percent" }, OK},
		"above the values":                {func(a *Alarm) { a.Threshold = 2 }, OK},
		"at the values":                   {func(a *Alarm) { a.Threshold, a.Comparison = 2, "GreaterThanOrEqualToThreshold" }, InAlarm},
		"below the values":                {func(a *Alarm) { a.Threshold, a.Comparison = 3, "LessThanThreshold" }, InAlarm},
		"on the average":                  {func(a *Alarm) { a.Threshold, a.Statistic = 0.9, "Average" }, OK},
		"on the number of samples":        {func(a *Alarm) { a.Threshold, a.Statistic = 3, "SampleCount" }, InAlarm},
		"on the maximum":                  {func(a *Alarm) { a.Threshold, a.Statistic = 0.9, "Maximum" }, InAlarm},
		"on the minimum":                  {func(a *Alarm) { a.Statistic = "Minimum" }, OK},
		"on the median":                   {func(a *Alarm) { a.Statistic = "p50" }, OK},
		"on the highest":                  {func(a *Alarm) { a.Statistic = "p99" }, InAlarm},
		"that needs a minute more":        {func(a *Alarm) { a.Needed = 3 }, OK},
		"of two minutes":                  {func(a *Alarm) { a.Periods = 2 }, InAlarm},
		"of the last three minutes, of 3": {func(a *Alarm) { a.Periods, a.Needed = 3, 3 }, OK},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := NewStore(), errorsAlarm()
			for minutes := range 2 {
				minutesAgo(s, a.Metric, minutes, 0, 1, 0, 1)
			}
			c.change(&a)
			got, err := a.Evaluate(s, end)
			if err != nil || got.State != c.want {
				t.Errorf("%+v, %v; want %s", got, err, c.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func TestAPercentileOfLowSamples(t *testing.T) {
	for _, c := range []struct {
		statistic string
		samples   int
		ignore    bool
		want      State
	}{
		{"p99", 999, true, Insufficient},
		{"p99", 1000, true, InAlarm},
		{"p99", 1, false, InAlarm},
		{"p50", 19, true, Insufficient},
		{"p50", 20, true, InAlarm},
		{"p10", 99, true, Insufficient},
		{"p10", 100, true, InAlarm},
		{"Average", 1, true, InAlarm},
	} {
		a := Alarm{Statistic: c.statistic, Period: time.Minute, Periods: 1, Needed: 1, Comparison: "GreaterThanThreshold", IgnoreLowSamples: c.ignore, State: Insufficient}
		s := NewStore()
		for range c.samples {
			minutesAgo(s, a.Metric, 0, 1)
		}
		if got, err := a.Evaluate(s, end); err != nil || got.State != c.want {
			t.Errorf("%s of %d samples, ignored: %v: %+v, %v; want %s", c.statistic, c.samples, c.ignore, got, err, c.want)
		}
	}
}

func TestWhatIsNotSupportedIsNamed(t *testing.T) {
	for want, change := range map[string]func(*Alarm){
		`"tm90"`:                   func(a *Alarm) { a.Statistic = "tm90" },
		`"p101"`:                   func(a *Alarm) { a.Statistic = "p101" },
		`"LessThanLowerThreshold"`: func(a *Alarm) { a.Comparison = "LessThanLowerThreshold" },
		`Error in expression 'e1': Function 'SEARCH' not found`: func(a *Alarm) { a.Queries = []Query{{ID: "e1", Expression: "SEARCH('x')"}} },
		`return 2 time series`: func(a *Alarm) { a.Queries = []Query{{ID: "e1", Expression: "[TIME_SERIES(1), TIME_SERIES(2)]"}} },
	} {
		a := errorsAlarm()
		change(&a)
		if _, err := a.Evaluate(NewStore(), end); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "alarm errors") {
			t.Errorf("got %v, want an error with %s", err, want)
		}
	}
}

func TestTheReasonOfAnOutcome(t *testing.T) {
	s, a := NewStore(), errorsAlarm()
	for state, want := range map[string]string{
		"breaching":    "no datapoints were received for 5 periods and 5 missing datapoints were treated as [Breaching]",
		"notBreaching": "treated as [NonBreaching]",
		"missing":      "Insufficient Data: 5 datapoints were unknown",
	} {
		a.Missing = state
		if got, err := a.Evaluate(s, end); err != nil || !strings.Contains(got.Reason, want) {
			t.Errorf("%+v, %v; want %q", got, err, want)
		}
	}
	minutesAgo(s, a.Metric, 0, 4)
	minutesAgo(s, a.Metric, 1, 3)
	if got, err := a.Evaluate(s, end); err != nil || !strings.Contains(got.Reason, "2 out of the last 5 datapoints breached the threshold (GreaterThanThreshold 0), the newest is 4") {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnAlarmOnAnExpressionIsEvaluatedAsOneOnAMetric(t *testing.T) {
	errors, requests := Metric{"N", "Errors", map[string]string{"A": "1"}}, Metric{"N", "Requests", map[string]string{"A": "1"}}
	rate := Alarm{
		Name: "rate", Period: time.Minute, Periods: 3, Needed: 2, Comparison: "GreaterThanThreshold", Threshold: 0.1, Missing: "notBreaching", State: OK,
		Queries: []Query{
			{ID: "errors", Metric: errors, Statistic: "Sum", Period: time.Minute, Hidden: true},
			{ID: "requests", Metric: requests, Statistic: "Sum", Period: time.Minute, Hidden: true},
			{ID: "rate", Expression: "errors / requests"},
		},
	}
	for name, c := range map[string]struct {
		change func(*Alarm, *Store)
		want   State
	}{
		"two minutes of three above the rate": {func(*Alarm, *Store) {}, InAlarm},
		"of three":                            {func(a *Alarm, _ *Store) { a.Needed = 3 }, OK},
		"at the rate":                         {func(a *Alarm, _ *Store) { a.Threshold = 0.2 }, OK},
		"on another metric":                   {func(a *Alarm, _ *Store) { a.Queries[0].Dimensions = nil }, OK},
		"without requests":                    {func(a *Alarm, _ *Store) { a.Queries[1].Name = "None" }, OK},
		"without requests, which breaches": {func(a *Alarm, _ *Store) {
			a.Queries[1].Name, a.Missing = "None", "breaching"
		}, InAlarm},
		"without requests, which is missing": {func(a *Alarm, _ *Store) {
			a.Queries[1].Name, a.Missing = "None", "missing"
		}, Insufficient},
		"a good minute": {func(a *Alarm, s *Store) { minutesAgo(s, requests, 1, 100) }, OK},
	} {
		t.Run(name, func(t *testing.T) {
			s, a := NewStore(), rate
			a.Queries = append([]Query{}, rate.Queries...)
			for minutes := range 2 {
				minutesAgo(s, errors, minutes, 1, 1)
				minutesAgo(s, requests, minutes, 10)
			}
			c.change(&a, s)
			got, err := a.Evaluate(s, end)
			if err != nil || got.State != c.want {
				t.Errorf("%+v, %v; want %s", got, err, c.want)
			}
		})
	}
}
