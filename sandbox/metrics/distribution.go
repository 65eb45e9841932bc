package metrics

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
)

// maxValues is how many different values a distribution keeps as they are. Others are rounded to three significant
// digits, so that the number stays bounded: AWS keeps a distribution too, in bins that it does not document.
const maxValues = 1000

// Distribution are the values of a metric in a period.
type Distribution struct {
	Count, Sum, Min, Max float64
	values               map[float64]float64 // how often each occurred
}

// add adds a value that occurred count times.
func (d *Distribution) add(value, count float64) {
	if d.Count == 0 {
		d.Min, d.Max, d.values = value, value, map[float64]float64{}
	}
	d.Count, d.Sum = d.Count+count, d.Sum+value*count
	d.Min, d.Max = min(d.Min, value), max(d.Max, value)
	if _, known := d.values[value]; !known && len(d.values) >= maxValues {
		value = round(value)
	}
	d.values[value] += count
}

// merge adds the values of another distribution.
func (d *Distribution) merge(other *Distribution) {
	if other.Count == 0 {
		return
	}
	if d.Count == 0 {
		d.Min, d.Max, d.values = other.Min, other.Max, map[float64]float64{}
	}
	d.Count, d.Sum = d.Count+other.Count, d.Sum+other.Sum
	d.Min, d.Max = min(d.Min, other.Min), max(d.Max, other.Max)
	for value, count := range other.values {
		d.values[value] += count
	}
}

// round rounds to three significant digits.
func round(value float64) float64 {
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(value, 'e', 2, 64), 64)
	if err != nil {
		return value // unreachable: a formatted float is one
	}
	return rounded
}

// Statistic is a statistic of CloudWatch.
type Statistic struct {
	Name       string
	percentile float64 // of a percentile, above 0
}

var percentileName = regexp.MustCompile(`^p(\d{1,2}(?:\.\d{1,10})?|100)$`)

// ParseStatistic returns the statistic of that name. Its error names a statistic that is not supported.
func ParseStatistic(name string) (Statistic, error) {
	if slices.Contains([]string{"SampleCount", "Sum", "Average", "Minimum", "Maximum"}, name) {
		return Statistic{Name: name}, nil
	}
	if match := percentileName.FindStringSubmatch(name); match != nil {
		percentile, err := strconv.ParseFloat(match[1], 64)
		return Statistic{name, percentile}, err
	}
	return Statistic{}, fmt.Errorf("the statistic %q is not supported: only SampleCount, Sum, Average, Minimum, Maximum and percentiles, such as p99", name)
}

// Of returns the statistic of a distribution; false: it has none.
func (s Statistic) Of(d *Distribution) (float64, bool) {
	if d == nil || d.Count == 0 {
		return 0, false
	}
	switch s.Name {
	case "SampleCount":
		return d.Count, true
	case "Sum":
		return d.Sum, true
	case "Average":
		return d.Sum / d.Count, true
	case "Minimum":
		return d.Min, true
	case "Maximum":
		return d.Max, true
	}
	return d.percentile(s.percentile)
}

// orMissing returns the statistic of a distribution; NaN: it has none.
func (s Statistic) orMissing(d *Distribution) float64 {
	if value, ok := s.Of(d); ok {
		return value
	}
	return math.NaN()
}

// percentile returns the least value that at least so many percent of the values do not exceed. There is none of
// negative values.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#Percentiles
func (d *Distribution) percentile(percent float64) (float64, bool) {
	if d.Min < 0 {
		return 0, false
	}
	rank, seen := math.Ceil(d.Count*percent/100), 0.0
	for _, value := range slices.Sorted(maps.Keys(d.values)) {
		if seen += d.values[value]; seen >= rank {
			return value, true
		}
	}
	return d.Max, true
}

// leastSamples is the number of samples below which a percentile has low samples.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func (s Statistic) leastSamples() float64 {
	switch fraction := s.percentile / 100; {
	case s.percentile == 0 || fraction >= 1:
		return 0
	case fraction >= 0.5:
		return 10 / (1 - fraction)
	default:
		return 10 / fraction
	}
}
