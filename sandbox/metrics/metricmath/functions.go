package metricmath

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// function is a function of metric math, with the number of its arguments.
type function struct {
	least, most int
	of          func(in Input, arguments []Value) (Value, error)
}

func (f function) takes() string {
	if f.least == f.most {
		return fmt.Sprint(f.least)
	}
	return fmt.Sprintf("%d to %d", f.least, f.most)
}

const metricsFunction = "METRICS"

// functions are those that are supported.
var functions = map[string]function{
	"ABS": pointwise(math.Abs), "CEIL": pointwise(math.Ceil), "FLOOR": pointwise(math.Floor), "LOG": pointwise(math.Log), "LOG10": pointwise(math.Log10),
	"AVG": aggregate(average), "SUM": aggregate(sum), "MIN": aggregate(least), "MAX": aggregate(most), "DATAPOINT_COUNT": aggregate(datapoints),
	"DIFF": onSeries(diff), "RATE": {1, 1, rate}, "RUNNING_SUM": onSeries(runningSum),
	"FILL": {2, 2, fill}, "IF": {2, 3, conditional},
	"FIRST": {1, 1, first}, "LAST": {1, 1, last}, "METRIC_COUNT": {1, 1, metricCount},
	metricsFunction: {0, 1, metrics}, "PERIOD": {1, 1, period}, "TIME_SERIES": {1, 1, timeSeries},
}

// notFound is worded as AWS words it, with what the sandbox has.
func notFound(name string) error {
	return fmt.Errorf("Function '%s' not found; the sandbox has %s", name, strings.Join(slices.Sorted(maps.Keys(functions)), ", ")) //nolint:staticcheck // AWS's wording
}

func pointwise(of func(float64) float64) function {
	return onSeries(func(values []float64) []float64 { return mapped(values, of) })
}

func onSeries(of func(values []float64) []float64) function {
	return function{1, 1, func(_ Input, arguments []Value) (Value, error) { return each(arguments[0], of) }}
}

// aggregate joins the data points of a time series to a number, and the series of an array to one. of gets the data points
// there are, and how many series or periods they are of.
func aggregate(of func(values []float64, series int) float64) function {
	return function{1, 1, func(in Input, arguments []Value) (Value, error) {
		switch v := arguments[0]; v.kind {
		case seriesKind:
			present := present(v.series[0].Values)
			if len(present) == 0 {
				return scalar(missing), nil
			}
			return scalar(of(present, len(present))), nil
		case arrayKind:
			values := make([]float64, in.Periods)
			for i := range values {
				values[i] = missing
				if present := present(at(v.series, i)); len(present) > 0 {
					values[i] = of(present, len(v.series))
				}
			}
			return Of(Series{Values: values}), nil
		default:
			return Value{}, fmt.Errorf("its argument is %s; must be a time series or an array of them", v.kind)
		}
	}}
}

// at returns the values of one period.
func at(series []Series, period int) []float64 {
	values := make([]float64, len(series))
	for i, s := range series {
		values[i] = s.Values[period]
	}
	return values
}

func present(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

func sum(values []float64, _ int) float64 {
	total := 0.0
	for _, x := range values {
		total += x
	}
	return total
}

// average counts the series without a data point as 0.
func average(values []float64, series int) float64 { return sum(values, series) / float64(series) }

func least(values []float64, _ int) float64      { return slices.Min(values) }
func most(values []float64, _ int) float64       { return slices.Max(values) }
func datapoints(values []float64, _ int) float64 { return float64(len(values)) }

// diff returns the difference of each data point to the one before, however long ago that was.
func diff(values []float64) []float64 {
	return differences(values, func(difference float64, _ int) float64 { return difference })
}

// differences calls of with the difference of each data point to the one before, and how many periods ago that was.
func differences(values []float64, of func(difference float64, periods int) float64) []float64 {
	result, previous := make([]float64, len(values)), -1
	for i, x := range values {
		result[i] = missing
		if math.IsNaN(x) {
			continue
		}
		if previous >= 0 {
			result[i] = of(x-values[previous], i-previous)
		}
		previous = i
	}
	return result
}

// rate is the difference by the second.
func rate(in Input, arguments []Value) (Value, error) {
	return each(arguments[0], func(values []float64) []float64 {
		return differences(values, func(difference float64, periods int) float64 {
			return difference / (float64(periods) * in.Period.Seconds())
		})
	})
}

func runningSum(values []float64) []float64 {
	total := 0.0
	return mapped(values, func(x float64) float64 {
		total += x
		return total
	})
}

func first(_ Input, arguments []Value) (Value, error) { return member(arguments[0], 0) }

func last(_ Input, arguments []Value) (Value, error) {
	return member(arguments[0], len(arguments[0].series)-1)
}

func member(v Value, i int) (Value, error) {
	if v.kind != arrayKind || len(v.series) == 0 {
		return Value{}, errors.New("its argument must be an array of time series that is not empty")
	}
	return Of(v.series[i]), nil
}

func metricCount(_ Input, arguments []Value) (Value, error) {
	if arguments[0].kind != arrayKind {
		return Value{}, fmt.Errorf("its argument is %s; must be an array of time series", arguments[0].kind)
	}
	return scalar(float64(len(arguments[0].series))), nil
}

// metrics returns the metrics whose id contains a string, or all.
func metrics(in Input, arguments []Value) (Value, error) {
	part := ""
	if len(arguments) > 0 {
		if arguments[0].kind != textKind {
			return Value{}, fmt.Errorf("its argument is %s; must be a string", arguments[0].kind)
		}
		part = arguments[0].text
	}
	all := Value{kind: arrayKind}
	for _, s := range in.Metrics {
		if strings.Contains(s.ID, part) {
			all.series = append(all.series, s)
		}
	}
	return all, nil
}

func period(in Input, arguments []Value) (Value, error) {
	if arguments[0].kind != seriesKind {
		return Value{}, fmt.Errorf("its argument is %s; must be a metric", arguments[0].kind)
	}
	return scalar(in.Period.Seconds()), nil
}

// timeSeries returns a series with the same value in each period.
func timeSeries(in Input, arguments []Value) (Value, error) {
	if arguments[0].kind != scalarKind {
		return Value{}, fmt.Errorf("its argument is %s; must be a number", arguments[0].kind)
	}
	return Of(Series{Values: slices.Repeat([]float64{arguments[0].number}, in.Periods)}), nil
}
