package metricmath

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"
)

// series parses "30 20 - 0", where "-" is a period without a data point.
func series(t *testing.T, text string) []float64 {
	t.Helper()
	var values []float64
	for _, word := range strings.Fields(text) {
		value, err := strconv.ParseFloat(word, 64)
		if word == "-" {
			value, err = math.NaN(), nil
		}
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, value)
	}
	return values
}

func text(values []float64) string {
	words := make([]string, len(values))
	for i, x := range values {
		words[i] = strconv.FormatFloat(x, 'g', 6, 64)
		if math.IsNaN(x) {
			words[i] = "-"
		}
	}
	return strings.Join(words, " ")
}

// evaluate evaluates an expression on the metrics m1, m2 and so on.
func evaluate(t *testing.T, expression string, metrics ...string) (Value, error) {
	t.Helper()
	in := Input{Period: time.Minute}
	for i, m := range metrics {
		in.Metrics = append(in.Metrics, Series{ID: fmt.Sprint("m", i+1), Label: "Metric" + fmt.Sprint(i+1), Values: series(t, m)})
		in.Periods = len(in.Metrics[0].Values)
	}
	in.Query = func(id string) (Value, error) {
		for _, m := range in.Metrics {
			if m.ID == id {
				return Of(m), nil
			}
		}
		return Value{}, fmt.Errorf("no %s", id)
	}
	parsed, err := Parse(expression)
	if err != nil {
		return Value{}, err
	}
	return parsed.Evaluate(in)
}

// The examples and the rules of the documentation.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
func TestExpressionsHaveTheValuesThatAWSDocuments(t *testing.T) {
	for _, c := range []struct {
		expression string
		metrics    []string
		want       string // of each series, between bars
	}{
		// "Comparison and logical operators"
		{"m1 < m2", []string{"30 20 0 0", "20 - 20 -"}, "0 0 1 0"},
		{"m1 >= 30", []string{"30 20 0 0"}, "1 0 0 0"},
		{"m1 > 15 AND m2 > 15", []string{"30 20 0 0", "20 - 20 -"}, "1 0 0 0"},
		{"m1 == 30 || m2 != 20", []string{"30 20 0 0", "20 - 20 -"}, "1 0 0 0"},
		// "Basic arithmetic functions": a missing value is 0; a division by zero is dropped.
		{"m1 + m2", []string{"1 2 - -", "10 - 30 -"}, "11 2 30 -"},
		{"m1 / m2", []string{"1 2 - 4 -", "10 - 30 0 -"}, "0.1 - 0 - -"},
		{"100 * m1 / m2", []string{"1 0 -", "4 5 5"}, "25 0 0"},
		{"5 * m1", []string{"1 - 3"}, "5 - 15"},
		{"-m1 - -2", []string{"1 - 3"}, "1 - -1"},
		{"m1 + 2 * 3 ^ 2 - 10 / 5", []string{"1"}, "17"},
		{"(m1 + 2) * 3", []string{"1"}, "9"},
		{"2 * [m1, m2] / m3", []string{"1 2", "3 4", "2 0"}, "1 - | 3 -"},
		{"[m1, m2] - [m2, m1]", []string{"1 2", "3 5"}, "-2 -3 | 2 3"},
		{"PERIOD(m1) / 60 * m1", []string{"7"}, "7"},
		// METRICS
		{"METRICS() * 100", []string{"1", "2"}, "100 | 200"},
		{"SUM(METRICS())", []string{"1 - -", "2 3 -"}, "3 3 -"},
		{`SUM(METRICS("2"))`, []string{"1", "2", "4"}, "2"},
		{`SUM([METRICS("1"), METRICS('3')])`, []string{"1", "2", "4"}, "5"},
		{"m1 / METRIC_COUNT(METRICS())", []string{"6", "0"}, "3"},
		// Functions of a series, and of an array. A missing value of an average is 0.
		{"m1 - AVG(m1)", []string{"1 - 3"}, "-1 - 1"},
		{"AVG([m1, m2])", []string{"4 4 -", "2 - -"}, "3 2 -"},
		{"m1 / MAX(m1)", []string{"1 2 4"}, "0.25 0.5 1"},
		{"MAX(METRICS())", []string{"1 - -", "2 3 -"}, "2 3 -"},
		{"MIN([m1, m2])", []string{"1 - -", "2 3 -"}, "1 3 -"},
		{"m1 - MIN(m1)", []string{"3 5 -"}, "0 2 -"},
		{"TIME_SERIES(SUM(m1) / DATAPOINT_COUNT(m1))", []string{"3 5 -"}, "4 4 4"},
		{"DATAPOINT_COUNT(METRICS())", []string{"1 - -", "2 3 -"}, "2 1 -"},
		{"ABS(m1 - m2)", []string{"1 5", "4 1"}, "3 4"},
		{"CEIL(m1) + FLOOR(m1)", []string{"1.5 - 2"}, "3 - 4"},
		{"LOG10(m1)", []string{"100 - 0"}, "2 - -"},
		{"DIFF(m1)", []string{"1 - 5 6"}, "- - 4 1"},
		{"RATE(m1)", []string{"60 - 300 240"}, "- - 2 -1"},
		{"RUNNING_SUM([m1, m2])", []string{"1 - 2", "3 3 3"}, "1 - 3 | 3 6 9"},
		{"FIRST([m1, m2]) - LAST(METRICS())", []string{"5", "3"}, "2"},
		{"TIME_SERIES(10)", []string{"- -"}, "10 10"},
		// FILL
		{"FILL(m1, 10)", []string{"- 1 -"}, "10 1 10"},
		{"FILL(METRICS(), 0)", []string{"- 1", "2 -"}, "0 1 | 2 0"},
		{"FILL(m1, MIN(m1))", []string{"- 4 3"}, "3 4 3"},
		{"FILL(m1, m2)", []string{"- 4 -", "1 2 -"}, "1 4 -"},
		{"FILL(m1, REPEAT)", []string{"- 4 - - 5 -"}, "- 4 4 4 5 5"},
		{"FILL(m1, LINEAR)", []string{"- 4 - - 10 -"}, "- 4 6 8 10 -"},
		// "Using IF expressions"
		{"IF(m1, m2, m3)", []string{"1 1 0 0 -", "30 - 0 0 30", "0 0 20 - 20"}, "30 0 20 - -"},
		{"IF(m1, 5, m2)", []string{"1 1 0 0 -", "0 0 20 - 20"}, "5 5 20 - -"},
		{"IF(m1, m2, 5)", []string{"1 1 0 0 -", "30 - 0 0 30"}, "30 0 5 5 -"},
		{"IF(m1 < 400, m1)", []string{"399 400 -"}, "399 - -"},
		{"IF(m1 < 400, 10, 2)", []string{"399 400 -"}, "10 2 -"},
		{"IF(1 > 2, m1, m2)", []string{"1", "2"}, "2"},
		{"IF(0, m1)", []string{"1 2"}, "- -"},
		{"IF(m1 > 10 AND m1 > 0.01 * m2, 1, 0)", []string{"11 11 10", "1000 2000 -"}, "1 0 0"},
	} {
		t.Run(c.expression, func(t *testing.T) {
			value, err := evaluate(t, c.expression, c.metrics...)
			if err != nil {
				t.Fatal(err)
			}
			result, err := value.Series()
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range result {
				got = append(got, text(s.Values))
			}
			if strings.Join(got, " | ") != c.want {
				t.Errorf("%v of %v, want %v", got, c.metrics, c.want)
			}
		})
	}
}

func TestAnExpressionThatCannotBeEvaluatedIsNamed(t *testing.T) {
	for expression, want := range map[string]string{
		"SEARCH('{N} M', 'Sum', 60)":   "Function 'SEARCH' not found; the sandbox has ABS, AVG",
		"rate(m1)":                     "Function 'rate' not found",
		"m1 +":                         "unexpected the end",
		"m1 m1":                        `unexpected "m1"`,
		"(m1":                          `expected ")"`,
		"[m1":                          `expected "]"`,
		"SUM(m1 m1)":                   `expected ")"`,
		"m1 % 2":                       `unexpected character '%'`,
		"M1":                           `unexpected "M1"`,
		"":                             "unexpected the end",
		"RATE()":                       "RATE has 0 arguments; it takes 1",
		"IF(m1)":                       "IF has 1 arguments; it takes 2 to 3",
		"IF(METRICS(), 1, 0)":          "IF: an argument is an array of time series",
		"SUM(5)":                       "SUM: its argument is a number",
		"FILL(m1, 'x')":                "FILL: its second argument is a string",
		"FIRST(m1)":                    "must be an array",
		"TIME_SERIES(m1)":              "its argument is a time series; must be a number",
		"METRICS(1)":                   "its argument is a number; must be a string",
		"[m1, 5]":                      "an array of a number",
		"[m1] + METRICS()":             "different lengths",
		"m1 + 'x'":                     "a string as its operand",
		"m9":                           "no m9",
		"2 + 3":                        "its result is a number; must be a time series",
		"AVG(m1)":                      "its result is a number",
		strings.Repeat("(", 2000):      "nested more than 100 times",
		strings.Repeat("m1+", 700):     "2100 characters, more than 2048",
		strings.Repeat("-", 200) + "1": "nested more than 100 times",
	} {
		value, err := evaluate(t, expression, "1", "2")
		if err == nil {
			_, err = value.Series()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: %v, want %q", expression, err, want)
		}
	}
}

func TestAnExpressionNamesItsQueries(t *testing.T) {
	parsed, err := Parse("IF(m1 > e1, SUM(METRICS()), m2)")
	if err != nil || strings.Join(parsed.IDs, " ") != "m1 e1 m2" || !parsed.AllMetrics {
		t.Errorf("%+v, %v", parsed, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("IF(m1 > 5 AND m2 <= .5, SUM([m1, -m2]) / 1e3, FILL(METRICS('x'), REPEAT))")
	f.Fuzz(func(t *testing.T, expression string) {
		_, _ = evaluate(t, expression, "1 - 3", "- 2 0")
	})
}
