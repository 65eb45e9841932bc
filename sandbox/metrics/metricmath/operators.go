package metricmath

import "math"

// operators are the binary operators. A comparison or a logical one yields 0 or 1.
var operators = map[string]func(x, y float64) float64{
	"+":  func(x, y float64) float64 { return x + y },
	"-":  func(x, y float64) float64 { return x - y },
	"*":  func(x, y float64) float64 { return x * y },
	"/":  func(x, y float64) float64 { return x / y },
	"^":  math.Pow,
	"==": func(x, y float64) float64 { return truth(x == y) },
	"!=": func(x, y float64) float64 { return truth(x != y) },
	"<=": func(x, y float64) float64 { return truth(x <= y) },
	">=": func(x, y float64) float64 { return truth(x >= y) },
	"<":  func(x, y float64) float64 { return truth(x < y) },
	">":  func(x, y float64) float64 { return truth(x > y) },
	"&&": func(x, y float64) float64 { return truth(x != 0 && y != 0) },
	"||": func(x, y float64) float64 { return truth(x != 0 || y != 0) },
}

func truth(condition bool) float64 {
	if condition {
		return 1
	}
	return 0
}

// operation evaluates both operands and joins them.
func operation(operator string, left, right node) node {
	of := operators[operator]
	return func(in Input) (Value, error) {
		x, err := left(in)
		if err != nil {
			return Value{}, err
		}
		y, err := right(in)
		if err != nil {
			return Value{}, err
		}
		return pairwise(x, y, of)
	}
}
