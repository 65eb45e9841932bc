package metrics

import (
	"fmt"
	"math"
	"testing"
	"time"
)

func TestStatistics(t *testing.T) {
	var d Distribution
	for i := range 100 {
		d.add(float64(i+1), 1)
	}
	for name, want := range map[string]float64{
		"SampleCount": 100, "Sum": 5050, "Average": 50.5, "Minimum": 1, "Maximum": 100,
		"p50": 50, "p99": 99, "p99.9": 100, "p100": 100, "p0.1": 1,
	} {
		s, err := ParseStatistic(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := s.Of(&d); !ok || got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestNegativeValuesHaveNoPercentile(t *testing.T) {
	var d Distribution
	d.add(-1, 1)
	if got, ok := (Statistic{"p99", 99}).Of(&d); ok {
		t.Errorf("got %v", got)
	}
	if got, ok := (Statistic{Name: "Minimum"}).Of(&d); !ok || got != -1 {
		t.Errorf("the minimum is %v", got)
	}
}

func TestADistributionOfManyValuesStaysBoundedAndNearlyExact(t *testing.T) {
	var d Distribution
	for i := range 200_000 {
		d.add(float64(i), 1)
	}
	if len(d.values) > 4*maxValues {
		t.Errorf("%d values are kept", len(d.values))
	}
	if got, _ := (Statistic{"p99", 99}).Of(&d); math.Abs(got-198_000) > 1_000 {
		t.Errorf("p99 is %v", got)
	}
	if d.Sum != 19_999_900_000 || d.Max != 199_999 || d.Count != 200_000 {
		t.Errorf("sum %v, maximum %v, count %v", d.Sum, d.Max, d.Count)
	}
}

func TestPointsOfAPeriod(t *testing.T) {
	m := Metric{Namespace: "N", Name: "M"}
	s := NewStore()
	for _, second := range []int{-1, -60, -61, -299, -300, 0} {
		s.Put(Datum{Metric: m, Time: end.Add(time.Duration(second) * time.Second), Value: 1})
	}
	counts := func(period time.Duration, n int) string {
		text := ""
		for _, d := range s.Range(m, "", period, end.Add(-time.Duration(n)*period), end) {
			if d == nil {
				text += " -"
				continue
			}
			text += fmt.Sprint(" ", d.Count)
		}
		return text
	}
	if got := counts(time.Minute, 6); got != " - 2 - - 1 2" {
		t.Errorf("by the minute:%s", got)
	}
	if got := counts(5*time.Minute, 2); got != " - 5" {
		t.Errorf("of five minutes:%s", got)
	}
}

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/publishingMetrics.html#high-resolution-metrics
func TestValuesOfHighResolutionHaveSecondsForThreeHours(t *testing.T) {
	m := Metric{Namespace: "N", Name: "M"}
	s := NewStore()
	put := func(at time.Time, fine bool) { s.Put(Datum{Metric: m, Time: at, Value: 1, Fine: fine}) }
	counted := func(end time.Time) (n float64) {
		for _, d := range s.Range(m, "", 10*time.Second, end.Add(-10*time.Second), end) {
			if d != nil {
				n += d.Count
			}
		}
		return n
	}
	put(end.Add(-5*time.Second), true)
	put(end.Add(-15*time.Second), true)
	put(end.Add(-5*time.Second), false) // of the minute
	if got := counted(end); got != 1 {
		t.Errorf("%v values in the last ten seconds", got)
	}
	put(end.Add(fineRetention+time.Minute), false)
	if got := counted(end); got != 0 {
		t.Errorf("%v values in these ten seconds after three hours", got)
	}
	if minute := s.Range(m, "", time.Minute, end.Add(-time.Minute), end)[0]; minute == nil || minute.Count != 3 {
		t.Errorf("the minute has %+v", minute)
	}
}

func TestTheStoreIsBounded(t *testing.T) {
	s := NewStore()
	for i := range maxSeries + 10 {
		s.Put(Datum{Metric: Metric{"N", fmt.Sprint("m", i), nil}, Time: end.Add(time.Duration(i) * time.Minute)})
	}
	if n := len(s.Metrics("", time.Time{})); n != maxSeries {
		t.Errorf("%d metrics", n)
	}
	if got := s.Metrics("N", time.Time{})[0].Name; got == "m0" {
		t.Error("the metric without data for the longest time is kept")
	}
	m := Metric{Namespace: "old", Name: "m"}
	for minute := range 30 * 60 {
		s.Put(Datum{Metric: m, Time: end.Add(time.Duration(minute) * time.Minute)})
	}
	if n := len(s.series[m.key()].points); n > int(retention/time.Minute)+1 {
		t.Errorf("%d points of one metric", n)
	}
}
