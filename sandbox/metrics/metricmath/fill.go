package metricmath

import (
	"fmt"
	"math"
)

// The keywords of FILL.
const (
	repeat = "REPEAT"
	linear = "LINEAR"
)

// fill fills missing data points: with a number, with those of another series, with the one before (REPEAT), or on the
// line between those before and after (LINEAR).
func fill(_ Input, arguments []Value) (Value, error) {
	filler := arguments[1]
	switch {
	case filler.kind == wordKind && filler.text == repeat:
		return each(arguments[0], fillRepeat)
	case filler.kind == wordKind:
		return each(arguments[0], fillLinear)
	case filler.kind != scalarKind && filler.kind != seriesKind:
		return Value{}, fmt.Errorf("its second argument is %s; must be a number, a time series, %s or %s", filler.kind, repeat, linear)
	}
	return each(arguments[0], func(values []float64) []float64 {
		result := make([]float64, len(values))
		for i, x := range values {
			if result[i] = x; math.IsNaN(x) {
				result[i] = filler.in(i)
			}
		}
		return result
	})
}

func fillRepeat(values []float64) []float64 {
	result, previous := make([]float64, len(values)), missing
	for i, x := range values {
		if !math.IsNaN(x) {
			previous = x
		}
		result[i] = previous
	}
	return result
}

func fillLinear(values []float64) []float64 {
	result, previous := make([]float64, len(values)), -1
	for i, x := range values {
		if result[i] = x; math.IsNaN(x) {
			continue
		}
		for gap := previous + 1; previous >= 0 && gap < i; gap++ {
			result[gap] = values[previous] + (x-values[previous])*float64(gap-previous)/float64(i-previous)
		}
		previous = i
	}
	return result
}
