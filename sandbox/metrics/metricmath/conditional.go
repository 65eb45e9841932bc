package metricmath

import (
	"errors"
	"math"
)

// conditional is IF. By a number it returns one of two series. By a time series it chooses in each period: no data point
// of the condition, none in the result; the condition is not 0, the second argument's, which is 0 where there is none; it
// is 0, the third argument's, if there is one.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#using-IF-expressions
func conditional(in Input, arguments []Value) (Value, error) {
	condition, then, otherwise := arguments[0], arguments[1], Of(Series{Values: mapped(make([]float64, in.Periods), func(float64) float64 { return missing })})
	if len(arguments) > 2 {
		otherwise = arguments[2]
	}
	for _, v := range []Value{condition, then, otherwise} {
		if v.kind != scalarKind && v.kind != seriesKind {
			return Value{}, errors.New("an argument is " + v.kind.String() + "; must be a number or a time series")
		}
	}
	if condition.kind == scalarKind {
		if condition.number != 0 {
			return then, nil
		}
		return otherwise, nil
	}
	values := make([]float64, in.Periods)
	for i, chosen := range condition.series[0].Values {
		switch {
		case math.IsNaN(chosen):
			values[i] = missing
		case chosen != 0:
			values[i] = orZero(then.in(i))
		default:
			values[i] = otherwise.in(i)
		}
	}
	return Of(Series{Values: values}), nil
}

// in returns the value of a number or a time series in a period.
func (v Value) in(period int) float64 {
	if v.kind == scalarKind {
		return v.number
	}
	return v.series[0].Values[period]
}
