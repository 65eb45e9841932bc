package metrics

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func stat(id, name, statistic string, period time.Duration) Query {
	return Query{ID: id, Metric: Metric{Namespace: "N", Name: name}, Statistic: statistic, Period: period}
}

// ofMinutes stores the values of a metric, of one minute each up to end; "-" is none.
func ofMinutes(t *testing.T, s *Store, name, values string) {
	t.Helper()
	words := strings.Fields(values)
	for i, word := range words {
		var value float64
		if _, err := fmt.Sscan(word, &value); err == nil {
			minutesAgo(s, Metric{Namespace: "N", Name: name}, len(words)-1-i, value)
		}
	}
}

func text(results []Result) string {
	var lines []string
	for _, r := range results {
		line := r.ID + " " + r.Label + ":"
		for _, value := range r.Values {
			if math.IsNaN(value) {
				line += " -"
				continue
			}
			line += fmt.Sprint(" ", value)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "; ")
}

func TestQueriesOfStatisticsAndExpressions(t *testing.T) {
	s := NewStore()
	ofMinutes(t, s, "Errors", "1 - 3 2")
	ofMinutes(t, s, "Requests", "10 10 - 20")
	errors, requests := stat("errors", "Errors", "Sum", time.Minute), stat("requests", "Requests", "Sum", time.Minute)
	hidden := func(q Query) Query { q.Hidden = true; return q }
	named := func(q Query, label string) Query { q.Label = label; return q }
	for name, c := range map[string]struct {
		queries []Query
		want    string
	}{
		"a metric":                        {[]Query{errors}, "errors Errors: 1 - 3 2"},
		"of two minutes":                  {[]Query{stat("e", "Errors", "Sum", 2*time.Minute)}, "e Errors: 1 5"},
		"its average":                     {[]Query{stat("e", "Errors", "Average", 4*time.Minute)}, "e Errors: 2"},
		"with a label":                    {[]Query{named(errors, "failed")}, "errors failed: 1 - 3 2"},
		"that does not exist":             {[]Query{stat("e", "None", "Sum", time.Minute)}, "e None: - - - -"},
		"an expression":                   {[]Query{hidden(errors), hidden(requests), {ID: "rate", Expression: "100 * errors / requests"}}, "rate rate: 10 0 - 10"},
		"an expression of an expression":  {[]Query{{ID: "all", Expression: "FILL(rate, 0)", Label: "all"}, hidden(errors), hidden(requests), {ID: "rate", Expression: "errors / requests", Hidden: true}}, "all all: 0.1 0 0 0.1"},
		"all metrics":                     {[]Query{{ID: "sum", Expression: "SUM(METRICS())"}, hidden(errors), hidden(requests)}, "sum sum: 11 10 3 22"},
		"several series of an expression": {[]Query{{ID: "all", Expression: "FILL(METRICS(), 0)", Label: "Filled:"}, hidden(named(errors, "failed")), hidden(requests)}, "all Filled: failed: 1 0 3 2; all Filled: Requests: 10 10 0 20"},
		"a rate of two minutes":           {[]Query{hidden(stat("m1", "Requests", "Sum", 2*time.Minute)), {ID: "rate", Expression: "RATE(m1) + 0 * PERIOD(m1)"}}, "rate rate: - 0"},
		"an expression without a metric":  {[]Query{{ID: "one", Expression: "TIME_SERIES(1)", Period: 2 * time.Minute}}, "one one: 1 1"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Query(c.queries, end.Add(-4*time.Minute), end)
			if err != nil || text(got) != c.want {
				t.Errorf("%s, %v; want %s", text(got), err, c.want)
			}
		})
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func TestPeriodsBeginAtTheStartOfTheRequest(t *testing.T) {
	s, m := NewStore(), Metric{Namespace: "N", Name: "M"}
	for _, second := range []int{-121, -61, -12, -3} {
		s.Put(Datum{Metric: m, Time: end.Add(time.Duration(second) * time.Second), Value: 1, Fine: true})
	}
	for name, c := range map[string]struct {
		start, end, period time.Duration // start and end before the newest minute's end
		first              time.Duration
		want               string
	}{
		"minutes":                           {-3 * time.Minute, 0, time.Minute, -3 * time.Minute, "1 1 2"},
		"rounded down to a minute":          {-150 * time.Second, 0, time.Minute, -3 * time.Minute, "1 1 2"},
		"five minutes from the start":       {-3 * time.Minute, 0, 5 * time.Minute, -3 * time.Minute, "4"},
		"without what begins at the end":    {-3 * time.Minute, -time.Minute, time.Minute, -3 * time.Minute, "1 1"},
		"a part of a minute":                {-time.Minute, -10 * time.Second, time.Minute, -time.Minute, "1"},
		"ten seconds":                       {-30 * time.Second, 0, 10 * time.Second, -30 * time.Second, "- 1 1"},
		"rounded down to ten seconds":       {-25 * time.Second, 0, 10 * time.Second, -30 * time.Second, "- 1 1"},
		"an end before the start":           {0, -time.Minute, time.Minute, 0, ""},
		"a start within an hour, of a hour": {-90 * time.Minute, 0, time.Hour, -90 * time.Minute, "- 4"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.Query([]Query{stat("m", "M", "Sum", c.period)}, end.Add(c.start), end.Add(c.end))
			if err != nil || strings.TrimSpace(strings.TrimPrefix(text(got), "m M:")) != c.want || !got[0].Time(0).Equal(end.Add(c.first)) {
				t.Errorf("%s from %v, %v; want %s from %v", text(got), got[0].Start, err, c.want, end.Add(c.first))
			}
		})
	}
}

// Values of the minute have no seconds.
func TestAPeriodBelowAMinuteHasValuesOfHighResolutionOnly(t *testing.T) {
	s := NewStore()
	s.Put(Datum{Metric: Metric{Namespace: "N", Name: "M"}, Time: end.Add(-time.Minute), Value: 1})
	got, err := s.Query([]Query{stat("m", "M", "Sum", 30*time.Second), stat("n", "M", "Sum", time.Minute)}, end.Add(-time.Minute), end)
	if err != nil || text(got) != "m M: - -; n M: 1" {
		t.Errorf("%s, %v", text(got), err)
	}
}

func TestQueriesThatCannotBeEvaluatedAreNamed(t *testing.T) {
	m1 := stat("m1", "M", "Sum", time.Minute)
	for name, c := range map[string]struct {
		queries []Query
		want    []string
	}{
		"two mistakes":             {[]Query{stat("M1", "M", "Sum", time.Minute), stat("m1", "M", "p101", time.Minute)}, []string{`the Id "M1" must begin`, `the query "m1": the statistic "p101"`}},
		"one id twice":             {[]Query{m1, m1}, []string{`"m1" is that of two queries`}},
		"neither":                  {[]Query{{ID: "m1"}}, []string{"requires either Expression or MetricStat"}},
		"both":                     {[]Query{{ID: "m1", Expression: "TIME_SERIES(1)", Metric: m1.Metric}}, []string{"requires either"}},
		"a period":                 {[]Query{stat("m1", "M", "Sum", 45*time.Second)}, []string{"a Period of 45 seconds"}},
		"an expression's period":   {[]Query{{ID: "e1", Expression: "TIME_SERIES(1)", Period: 45 * time.Second}}, []string{"a Period of 45 seconds"}},
		"an unknown function":      {[]Query{m1, {ID: "e1", Expression: "PERCENT(m1)"}}, []string{"Error in expression 'e1': Function 'PERCENT' not found"}},
		"an unknown id":            {[]Query{{ID: "e1", Expression: "m2 + m1"}, m1}, []string{`Error in expression 'e1': there is no query "m2"`}},
		"a circle":                 {[]Query{{ID: "e1", Expression: "e2"}, {ID: "e2", Expression: "-e1"}}, []string{"it names itself"}},
		"periods that differ":      {[]Query{m1, stat("m2", "M", "Sum", 5*time.Minute), {ID: "e1", Expression: "m1 + m2"}}, []string{"periods of 1m0s and 5m0s"}},
		"a number as the result":   {[]Query{m1, {ID: "e1", Expression: "AVG(m1)"}}, []string{"Error in expression 'e1': its result is a number"}},
		"a wrong hidden operand":   {[]Query{m1, {ID: "e1", Expression: "m1 + 'x'", Hidden: true}}, []string{"Error in expression 'e1': an operator has a string"}},
		"two wrong expressions":    {[]Query{{ID: "e1", Expression: "m1 +"}, {ID: "e2", Expression: "+"}}, []string{"'e1'", "'e2'"}},
		"an array with all series": {[]Query{m1, {ID: "e1", Expression: "FIRST(METRICS('none'))"}}, []string{"that is not empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckQueries(c.queries)
			for _, want := range c.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("%v, want %q", err, want)
				}
			}
		})
	}
	if _, err := NewStore().Query([]Query{m1}, time.Unix(0, 0), end); err == nil || !strings.Contains(err.Error(), "more than 100800") {
		t.Errorf("of 57 years: %v", err)
	}
}
