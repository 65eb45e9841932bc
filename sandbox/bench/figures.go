package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// figures are the values of each round by request, metric and candidate ("hit p50 us ours"). The values of one round
// have the same index, so that a ratio compares measurements of the same time.
type figures map[string][]float64

func (f figures) add(key string, value float64) { f[key] = append(f[key], value) }

func microseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

// percentile returns the value below which the part p of all lies.
func percentile(all []time.Duration, p float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(len(sorted)-1, int(math.Ceil(p*float64(len(sorted))))-1)]
}

// spread is the median with the interquartile range of the rounds.
type spread struct{ median, low, high float64 }

func spreadOf(values []float64) spread {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n == 0 {
		return spread{math.NaN(), math.NaN(), math.NaN()}
	}
	return spread{sorted[n/2], sorted[n/4], sorted[min(n-1, n-1-n/4)]}
}

// target is a ratio with its bound.
type target struct {
	work   string
	ratio  func(at func(key string) float64) float64
	atMost bool
	bound  float64
}

func over(a, b string) func(func(string) float64) float64 {
	return func(at func(string) float64) float64 { return at(a) / at(b) }
}

// above is the ratio of two values after subtraction of the empty handler's.
func above(a, b, floor string) func(func(string) float64) float64 {
	return func(at func(string) float64) float64 { return (at(a) - at(floor)) / (at(b) - at(floor)) }
}

var targets = []target{
	{"exec to first poll / empty handler", over("cold poll ms ours", "cold poll ms empty"), true, 1.3},
	{"exec to first poll / Node", over("cold poll ms ours", "cold poll ms node"), true, 1.0 / 25},
	{"exec to first response, a miss / plain Go", over("cold response ms ours", "cold response ms plain"), true, 0.5},
	{"hit p50 above empty / bare GET", above("hit p50 us ours", "hit p50 us bare", "hit p50 us empty"), true, 1.3},
	{"hit p50 above empty / Node's", above("hit p50 us ours", "hit p50 us node", "hit p50 us empty"), true, 0.5},
	{"hit p99 above empty / Node's", above("hit p99 us ours", "hit p99 us node", "hit p99 us empty"), true, 0.5},
	{"miss p50 above empty / bare select and SET", above("miss p50 us ours", "miss p50 us bare", "miss p50 us empty"), true, 1.3},
	{"1 GiB stream, MiB/s / one GET of a plain handler", over("stream 1 GiB MiB/s ours", "stream 1 GiB MiB/s plain"), false, 0.9},
	{"1 GiB stream, MiB/s / one GET that is read and dropped", over("stream 1 GiB MiB/s ours", "stream 1 GiB MiB/s direct"), false, 0.9},
	{"64 MiB stream, peak memory, MiB", func(at func(string) float64) float64 { return at("stream 64 MiB peak MiB ours") }, true, 64},
	{"1 GiB stream, peak memory, MiB", func(at func(string) float64) float64 { return at("stream 1 GiB peak MiB ours") }, true, 64},
	{"1,000 misses at once, 8 instances: reads", func(at func(string) float64) float64 { return at("burst reads ours") }, true, 2},
}

// measure returns the spread of the ratios of each round.
func (t target) measure(f figures) spread {
	var ratios []float64
	for round := 0; ; round++ {
		complete := true
		ratio := t.ratio(func(key string) float64 {
			if complete = complete && round < len(f[key]); !complete {
				return math.NaN()
			}
			return f[key][round]
		})
		if !complete {
			return spreadOf(ratios)
		}
		ratios = append(ratios, ratio)
	}
}

// String formats the bound for the report.
func (t target) String() string {
	if t.atMost {
		return fmt.Sprintf("at most %.3g", t.bound)
	}
	return fmt.Sprintf("at least %.3g", t.bound)
}

// met reports whether the ratio is within the bound; NaN is not.
func (t target) met(ratio float64) bool {
	return t.atMost && ratio <= t.bound || !t.atMost && ratio >= t.bound
}

// The columns of the table of targets.
const (
	columnWork, columnTarget, columnEarlier, columnMedian = "work", "target", "earlier", "median"
)

// report prints both tables as Markdown: the targets with the medians of an earlier run, and the figures.
func report(w io.Writer, f figures, earlier map[string]string) {
	_, _ = fmt.Fprintf(w, "| %s | %s | %s | %s | middle half | met |\n| --- | --- | --- | --- | --- | --- |\n",
		columnWork, columnTarget, columnEarlier, columnMedian)
	for _, t := range targets {
		s, met := t.measure(f), "no"
		if t.met(s.median) {
			met = "yes"
		}
		_, _ = fmt.Fprintf(w, "| %s | %s | %s | %.3g | %.3g - %.3g | %s |\n", t.work, t, earlier[t.work], s.median, s.low, s.high, met)
	}
	_, _ = fmt.Fprintln(w, "\n| figure | "+strings.Join(columns, " | ")+" |\n| --- |"+strings.Repeat(" --- |", len(columns)))
	for _, row := range rowsOf(f) {
		_, _ = fmt.Fprint(w, "| ", row, " |")
		for _, column := range columns {
			cell := ""
			if values := f[row+" "+column]; len(values) > 0 {
				cell = fmt.Sprintf("%.4g", spreadOf(values).median)
			}
			_, _ = fmt.Fprint(w, " ", cell, " |")
		}
		_, _ = fmt.Fprintln(w)
	}
}

// columns are the candidates, and "loop" and "direct", which run in this process.
var columns = []string{"ours", "empty", "plain", "node", "bare", "loop", "direct"}

// rowsOf returns the sorted names of the figures without their column.
func rowsOf(f figures) (all []string) {
	for key := range f {
		row := key[:strings.LastIndex(key, " ")]
		if !slices.Contains(all, row) {
			all = append(all, row)
		}
	}
	slices.Sort(all)
	return all
}
