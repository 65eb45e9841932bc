package metricmath

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// Series is a time series: a value of each period, the oldest first.
type Series struct {
	ID, Label string
	Values    []float64 // NaN: no data point
}

// missing is the value of a period without a data point.
var missing = math.NaN()

type kind int

const (
	scalarKind kind = iota
	seriesKind
	arrayKind
	textKind // a string
	wordKind // a keyword
)

func (k kind) String() string {
	return [...]string{"a number", "a time series", "an array of time series", "a string", "a keyword"}[k]
}

// Value is the value of an expression, or of a part of one.
type Value struct {
	kind   kind
	number float64
	series []Series // one of seriesKind
	text   string
}

// Of returns the value that is one time series.
func Of(s Series) Value { return Value{kind: seriesKind, series: []Series{s}} }

func scalar(n float64) Value { return Value{kind: scalarKind, number: n} }

// Series returns the time series of a final result, which may not be a number.
func (v Value) Series() ([]Series, error) {
	if v.kind != seriesKind && v.kind != arrayKind {
		return nil, fmt.Errorf("its result is %s; must be a time series or an array of time series", v.kind)
	}
	return v.series, nil
}

// Single is whether the value is one time series, as an alarm requires.
func (v Value) Single() bool { return v.kind == seriesKind }

// Input is what an expression is evaluated on. All series have as many values.
type Input struct {
	Period  time.Duration
	Periods int
	// Metrics are the metrics of the request, without its expressions.
	Metrics []Series
	// Query returns the value of a metric or of another expression.
	Query func(id string) (Value, error)
}

// Evaluate evaluates the expression.
func (e *Expression) Evaluate(in Input) (Value, error) { return e.root(in) }

// each applies a function to each time series of a value.
func each(v Value, of func(values []float64) []float64) (Value, error) {
	if v.kind != seriesKind && v.kind != arrayKind {
		return Value{}, fmt.Errorf("its argument is %s; must be a time series or an array of them", v.kind)
	}
	result := Value{kind: v.kind, series: make([]Series, len(v.series))}
	for i, s := range v.series {
		s.Values = of(s.Values)
		result.series[i] = s
	}
	return result, nil
}

// pairwise applies an operation to two values. An array is taken member by member.
func pairwise(left, right Value, of func(x, y float64) float64) (Value, error) {
	switch {
	case left.kind > arrayKind || right.kind > arrayKind:
		return Value{}, fmt.Errorf("an operator has %s as its operand", max(left.kind, right.kind))
	case left.kind == arrayKind && right.kind == arrayKind:
		if len(left.series) != len(right.series) {
			return Value{}, errors.New("an operator has arrays of different lengths as its operands")
		}
		return members(left, func(i int) []float64 { return joined(left.series[i].Values, right.series[i].Values, of) }), nil
	case left.kind == scalarKind && right.kind == scalarKind:
		return scalar(finite(of, left.number, right.number)), nil
	case right.kind == scalarKind:
		return members(left, func(i int) []float64 {
			return mapped(left.series[i].Values, func(x float64) float64 { return of(x, right.number) })
		}), nil
	case left.kind == scalarKind:
		return members(right, func(i int) []float64 {
			return mapped(right.series[i].Values, func(y float64) float64 { return of(left.number, y) })
		}), nil
	case right.kind == arrayKind:
		return members(right, func(i int) []float64 { return joined(left.series[0].Values, right.series[i].Values, of) }), nil
	}
	return members(left, func(i int) []float64 { return joined(left.series[i].Values, right.series[0].Values, of) }), nil
}

// members returns a value like another with other values of each of its time series.
func members(like Value, values func(i int) []float64) Value {
	result := Value{kind: like.kind, series: make([]Series, len(like.series))}
	for i, s := range like.series {
		s.Values = values(i)
		result.series[i] = s
	}
	return result
}

// mapped applies a function to each data point.
func mapped(values []float64, of func(float64) float64) []float64 {
	result := make([]float64, len(values))
	for i, x := range values {
		result[i] = finite(func(x, _ float64) float64 { return of(x) }, x, 0)
	}
	return result
}

// joined applies an operation to two series. Where one of them has no data point, its value is 0; where both have none,
// the result has none.
func joined(left, right []float64, of func(x, y float64) float64) []float64 {
	result := make([]float64, len(left))
	for i := range left {
		x, y := left[i], right[i]
		if math.IsNaN(x) && math.IsNaN(y) {
			result[i] = missing
			continue
		}
		result[i] = finite(of, orZero(x), orZero(y))
	}
	return result
}

func orZero(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return x
}

// finite drops the result of an operation without data points, or that is no number: a division by zero.
func finite(of func(x, y float64) float64, x, y float64) float64 {
	if math.IsNaN(x) || math.IsNaN(y) {
		return missing
	}
	if result := of(x, y); !math.IsInf(result, 0) {
		return result
	}
	return missing
}
