package metrics

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// State is the state of an alarm.
type State string

// The states of an alarm.
const (
	OK           State = "OK"
	InAlarm      State = "ALARM"
	Insufficient State = "INSUFFICIENT_DATA"
)

// furtherPoints is how many points an alarm looks back beyond its evaluation periods, where some of those are missing: AWS
// documents an evaluation range of five for three periods, and of no other number.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const furtherPoints = 2

// Alarm is a metric alarm.
type Alarm struct {
	Name string
	Metric
	Unit      string // empty: any
	Statistic string
	Period    time.Duration
	// Periods are the evaluation periods, and Needed those of them that must breach the threshold.
	Periods, Needed int
	Comparison      string
	Threshold       float64
	// Missing is how missing data is treated: missing, ignore, breaching or notBreaching.
	Missing string
	// IgnoreLowSamples keeps the state while a percentile has low samples.
	IgnoreLowSamples bool
	State            State
	// Queries replace the metric: the alarm is on the one that is not hidden. Period is then theirs.
	Queries []Query
}

// Outcome is the result of an evaluation.
type Outcome struct {
	State  State
	Reason string
}

// point is a data point in an alarm's view.
type point int

const (
	absent point = iota
	good
	bad
)

// Evaluate evaluates the alarm at a time by the points of the store. Its error names what is not supported.
func (a Alarm) Evaluate(store *Store, now time.Time) (Outcome, error) {
	breaches, ok := comparisons[a.Comparison]
	if !ok {
		return Outcome{}, fmt.Errorf("alarm %s: the comparison %q is not supported", a.Name, a.Comparison)
	}
	values, enough, err := a.values(store, now.Add(-time.Duration(a.Periods+furtherPoints)*a.Period), now)
	if err != nil {
		return Outcome{}, fmt.Errorf("alarm %s: %w", a.Name, err)
	}
	if !enough {
		return Outcome{State: a.State}, nil
	}
	points := make([]point, len(values))
	for i, value := range values {
		switch {
		case math.IsNaN(value):
		case breaches(value, a.Threshold):
			points[i] = bad
		default:
			points[i] = good
		}
	}
	state := a.state(points)
	return Outcome{state, a.reason(values, points, state)}, nil
}

// values returns the values of the evaluation range, and whether there are enough samples to evaluate them.
func (a Alarm) values(store *Store, start, end time.Time) ([]float64, bool, error) {
	if len(a.Queries) > 0 {
		results, err := store.Query(a.Queries, start, end)
		if err == nil && len(results) != 1 {
			err = fmt.Errorf("its queries return %d time series; must be one", len(results))
		}
		if err != nil {
			return nil, false, err
		}
		return results[0].Values, true, nil
	}
	statistic, err := ParseStatistic(a.Statistic)
	if err != nil {
		return nil, false, err
	}
	distributions := store.Range(a.Metric, a.Unit, a.Period, start, end)
	if a.IgnoreLowSamples && samples(distributions[furtherPoints:]) < statistic.leastSamples() {
		return nil, false, nil
	}
	values := make([]float64, len(distributions))
	for i, d := range distributions {
		values[i] = statistic.orMissing(d)
	}
	return values, true, nil
}

func samples(distributions []*Distribution) float64 {
	total := 0.0
	for _, d := range distributions {
		if d != nil {
			total += d.Count
		}
	}
	return total
}

var comparisons = map[string]func(value, threshold float64) bool{
	"GreaterThanThreshold":          func(value, threshold float64) bool { return value > threshold },
	"GreaterThanOrEqualToThreshold": func(value, threshold float64) bool { return value >= threshold },
	"LessThanThreshold":             func(value, threshold float64) bool { return value < threshold },
	"LessThanOrEqualToThreshold":    func(value, threshold float64) bool { return value <= threshold },
}

// state returns the state for the points of the evaluation range, the oldest first. Missing points are filled in only if
// the range has fewer real ones than there are evaluation periods; then every real one counts.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (a Alarm) state(points []point) State {
	var present []point
	for _, p := range points {
		if p != absent {
			present = append(present, p)
		}
	}
	missing := max(a.Periods-len(present), 0)
	present = present[max(len(present)-a.Periods, 0):]
	breaching := count(present, bad)
	switch {
	case missing > 0 && a.Missing == "breaching":
		breaching += missing
	case missing > 0 && len(present) == breaching && a.Missing != "notBreaching" && breaching < a.Needed:
		return a.sparse(points)
	}
	if breaching >= a.Needed {
		return InAlarm
	}
	return OK
}

// sparse is the state for too few points, none of which is within the threshold. An alarm that treats missing data as
// missing does not enter ALARM prematurely: the oldest breaching point must be as old as Needed periods.
func (a Alarm) sparse(points []point) State {
	if a.Missing == "ignore" {
		return a.State
	}
	if oldest := slices.Index(points, bad); oldest >= 0 && len(points)-oldest >= a.Needed {
		return InAlarm
	}
	return Insufficient
}

func count(points []point, kind point) int {
	n := 0
	for _, p := range points {
		if p == kind {
			n++
		}
	}
	return n
}

// reason is worded as AWS words it.
func (a Alarm) reason(values []float64, points []point, state State) string {
	within := points[furtherPoints:]
	newest := math.NaN()
	for _, value := range values {
		if !math.IsNaN(value) {
			newest = value
		}
	}
	if math.IsNaN(newest) && state == Insufficient {
		return fmt.Sprintf("Insufficient Data: %d datapoints were unknown.", a.Periods)
	}
	if math.IsNaN(newest) {
		return fmt.Sprintf("Threshold Crossed: no datapoints were received for %d periods and %[1]d missing datapoints were treated as [%s].",
			a.Periods, map[bool]string{true: "Breaching", false: "NonBreaching"}[a.Missing == "breaching"])
	}
	return fmt.Sprintf("Threshold Crossed: %d out of the last %d datapoints breached the threshold (%s %v), the newest is %v.",
		count(within, bad), a.Periods, a.Comparison, a.Threshold, newest)
}
