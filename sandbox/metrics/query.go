package metrics

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/metrics/metricmath"
)

// Query is a MetricDataQuery: a statistic of a metric, or an expression on other queries.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDataQuery.html
type Query struct {
	ID, Label string
	// Expression is empty for a statistic of a metric.
	Expression string
	Metric
	Unit      string // empty: any
	Statistic string
	Period    time.Duration
	// Hidden is whether only expressions read it: ReturnData is false.
	Hidden bool
}

// Result is a time series of a query. A query of an array of time series has several results.
type Result struct {
	ID, Label string
	Start     time.Time // of the request
	Period    time.Duration
	Values    []float64 // NaN: no data point
}

// Time returns when a period of the result begins.
func (r Result) Time(period int) time.Time { return PeriodStart(r.Start, r.Period, period) }

// PeriodStart returns when a period of a request begins.
func PeriodStart(start time.Time, period time.Duration, i int) time.Time {
	return aligned(start, period).Add(time.Duration(i) * period)
}

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)

// maxPeriods is how many periods a query may have: the data points of a response of GetMetricData.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const maxPeriods = 100_800

// CheckQueries returns every reason for which queries cannot be evaluated. It words the errors of expressions as AWS does.
func CheckQueries(queries []Query) error {
	_, err := NewStore().Query(queries, time.Unix(0, 0), time.Unix(60, 0))
	return err
}

// CheckAlarm returns why an alarm cannot be on these queries: they must return one time series.
func CheckAlarm(queries []Query) error {
	results, err := NewStore().Query(queries, time.Unix(0, 0), time.Unix(60, 0))
	if err == nil && len(results) != 1 {
		err = fmt.Errorf("the queries return %d time series; an alarm must be on one", len(results))
	}
	return err
}

// PeriodOf returns the period of an alarm's queries, the shortest.
func PeriodOf(queries []Query) time.Duration {
	period := time.Duration(0)
	for _, q := range queries {
		if q.Period > 0 && (period == 0 || q.Period < period) {
			period = q.Period
		}
	}
	return cmp.Or(period, time.Minute)
}

// Query evaluates queries from start to before end.
func (s *Store) Query(queries []Query, start, end time.Time) ([]Result, error) {
	e, err := newEvaluation(s, queries)
	if err != nil {
		return nil, err
	}
	e.start, e.end = start, end
	var results []Result
	for _, q := range e.queries {
		period := e.period[q.ID]
		if n := periods(start, end, period); n > maxPeriods {
			return nil, fmt.Errorf("the query %q has %d periods of %v between StartTime and EndTime, more than %d", q.ID, n, period, maxPeriods)
		}
		value, err := e.value(q.ID)
		if err != nil {
			return nil, err
		}
		if q.Hidden {
			continue
		}
		series, err := value.Series()
		if err != nil {
			return nil, inExpression(q.ID, err)
		}
		for _, one := range series {
			results = append(results, Result{q.ID, label(q, one, len(series) > 1), start, period, one.Values})
		}
	}
	return results, nil
}

// label is that of a query, by default its metric's name. That of one of several series names the series too.
func label(q *Query, s metricmath.Series, several bool) string {
	switch {
	case several:
		return strings.TrimSpace(q.Label + " " + s.Label)
	case q.Label != "":
		return q.Label
	case q.Expression == "":
		return q.Name
	}
	return q.ID
}

// aligned rounds the start of a request down to a minute, or to the period if that is shorter.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func aligned(start time.Time, period time.Duration) time.Time {
	return start.Truncate(min(period, time.Minute))
}

// evaluation evaluates queries.
type evaluation struct {
	store       *Store
	queries     []*Query
	byID        map[string]*Query
	expressions map[string]*metricmath.Expression
	period      map[string]time.Duration
	start, end  time.Time
	values      map[string]metricmath.Value
}

// newEvaluation checks the queries, and finds the period of each.
func newEvaluation(s *Store, queries []Query) (*evaluation, error) {
	e := &evaluation{
		store: s, byID: map[string]*Query{}, expressions: map[string]*metricmath.Expression{}, period: map[string]time.Duration{}, values: map[string]metricmath.Value{},
	}
	var problems []error
	for i := range queries {
		problems = append(problems, e.add(&queries[i]))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	for _, q := range e.queries {
		problems = append(problems, e.findPeriod(q, nil))
	}
	return e, errors.Join(problems...)
}

// add checks a query by itself.
func (e *evaluation) add(q *Query) error {
	switch _, known := e.byID[q.ID]; {
	case !queryID.MatchString(q.ID):
		return fmt.Errorf("the Id %q must begin with a lowercase letter and have letters, digits and underscores only", q.ID)
	case known:
		return fmt.Errorf("the Id %q is that of two queries", q.ID)
	case (q.Expression == "") == (q.Name == ""):
		return fmt.Errorf("the query %q requires either Expression or MetricStat", q.ID)
	case q.Expression == "" && !ValidPeriod(q.Period), q.Expression != "" && q.Period != 0 && !ValidPeriod(q.Period):
		return fmt.Errorf("the query %q has a Period of %d seconds; must be 1, 5, 10, 20, 30 or a multiple of 60", q.ID, int(q.Period.Seconds()))
	}
	e.queries, e.byID[q.ID] = append(e.queries, q), q
	if q.Expression == "" {
		if _, err := ParseStatistic(q.Statistic); err != nil {
			return fmt.Errorf("the query %q: %w", q.ID, err)
		}
		return nil
	}
	expression, err := metricmath.Parse(q.Expression)
	if err != nil {
		return inExpression(q.ID, err)
	}
	e.expressions[q.ID] = expression
	return nil
}

// ValidPeriod is whether CloudWatch accepts a period.
func ValidPeriod(p time.Duration) bool {
	return p > 0 && p%time.Minute == 0 || slices.Contains([]time.Duration{1, 5, 10, 20, 30}, p/time.Second) && p%time.Second == 0
}

// inExpression is the beginning of AWS's message.
func inExpression(id string, err error) error {
	return fmt.Errorf("Error in expression '%s': %w", id, err) //nolint:staticcheck // AWS's wording
}

// findPeriod finds the period of a query and of those that it names. within are the expressions that name it.
func (e *evaluation) findPeriod(q *Query, within []string) error {
	expression := e.expressions[q.ID]
	if expression == nil || e.period[q.ID] != 0 {
		e.period[q.ID] = max(e.period[q.ID], q.Period)
		return nil
	}
	if slices.Contains(within, q.ID) {
		return inExpression(q.ID, errors.New("it names itself"))
	}
	period := time.Duration(0)
	for _, id := range e.named(expression) {
		named := e.byID[id]
		if named == nil {
			return inExpression(q.ID, fmt.Errorf("there is no query %q", id))
		}
		if err := e.findPeriod(named, append(within, q.ID)); err != nil {
			return err
		}
		if period != 0 && e.period[id] != period {
			return inExpression(q.ID, fmt.Errorf("it names metrics with periods of %v and %v, and the sandbox evaluates expressions on one period", period, e.period[id]))
		}
		period = e.period[id]
	}
	if e.period[q.ID] = period; period == 0 {
		e.period[q.ID] = max(q.Period, time.Minute)
	}
	return nil
}

// named are the queries that an expression names; METRICS() names every metric.
func (e *evaluation) named(expression *metricmath.Expression) []string {
	ids := slices.Clone(expression.IDs)
	for _, q := range e.queries {
		if expression.AllMetrics && q.Expression == "" {
			ids = append(ids, q.ID)
		}
	}
	return ids
}

// value evaluates a query once.
func (e *evaluation) value(id string) (metricmath.Value, error) {
	if value, known := e.values[id]; known {
		return value, nil
	}
	q, expression := e.byID[id], e.expressions[id]
	if expression == nil {
		e.values[id] = metricmath.Of(metricmath.Series{ID: id, Label: label(q, metricmath.Series{}, false), Values: e.store.statistics(*q, e.start, e.end)})
		return e.values[id], nil
	}
	in := metricmath.Input{Period: e.period[id], Periods: periods(e.start, e.end, e.period[id]), Query: e.value}
	for _, m := range e.queries {
		if !expression.AllMetrics || m.Expression != "" {
			continue
		}
		value, err := e.value(m.ID)
		if err != nil {
			return metricmath.Value{}, err
		}
		series, err := value.Series()
		if err != nil {
			return metricmath.Value{}, err
		}
		in.Metrics = append(in.Metrics, series...)
	}
	value, err := expression.Evaluate(in)
	if err != nil {
		return value, inExpression(id, err)
	}
	e.values[id] = value
	return value, nil
}

// periods is how many periods a request has, the last one in part.
func periods(start, end time.Time, period time.Duration) int {
	return max(0, int((end.Sub(aligned(start, period))+period-1)/period))
}

// statistics returns the statistic of each period.
func (s *Store) statistics(q Query, start, end time.Time) []float64 {
	statistic, _ := ParseStatistic(q.Statistic) // it has been checked
	distributions := s.Range(q.Metric, q.Unit, q.Period, start, end)
	values := make([]float64, len(distributions))
	for i, d := range distributions {
		values[i] = statistic.orMissing(d)
	}
	return values
}
