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
	// Expression is an expression of metric math, which is not supported.
	Expression string
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
	if a.Expression != "" {
		return Outcome{}, fmt.Errorf("alarm %s: the expression %q: metric math is not supported", a.Name, a.Expression)
	}
	statistic, err := ParseStatistic(a.Statistic)
	if err != nil {
		return Outcome{}, fmt.Errorf("alarm %s: %w", a.Name, err)
	}
	breaches, ok := comparisons[a.Comparison]
	if !ok {
		return Outcome{}, fmt.Errorf("alarm %s: the comparison %q is not supported", a.Name, a.Comparison)
	}
	distributions := store.Points(a.Metric, a.Unit, a.Period, now, a.Periods+furtherPoints)
	if a.IgnoreLowSamples && samples(distributions[furtherPoints:]) < statistic.leastSamples() {
		return Outcome{State: a.State}, nil
	}
	points := make([]point, len(distributions))
	for i, d := range distributions {
		if value, ok := statistic.Of(d); ok && breaches(value, a.Threshold) {
			points[i] = bad
		} else if ok {
			points[i] = good
		}
	}
	state := a.decide(points)
	return Outcome{state, a.reason(statistic, distributions, points, state)}, nil
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

// decide returns the state for the points of the evaluation range, the oldest first. Missing points are filled in only if
// the range has fewer real ones than there are evaluation periods; then every real one counts.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (a Alarm) decide(points []point) State {
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
func (a Alarm) reason(statistic Statistic, distributions []*Distribution, points []point, state State) string {
	within := points[furtherPoints:]
	newest := math.NaN()
	for _, d := range distributions {
		if value, ok := statistic.Of(d); ok {
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
