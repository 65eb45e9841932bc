package main

import (
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
)

// The page has the targets of make bench.
func TestTheRecordedTargetsAreThoseOfTheBenchmark(t *testing.T) {
	page, err := os.ReadFile("../../" + record)
	if err != nil {
		t.Fatal(err)
	}
	bounds, err := recorded(strings.NewReader(string(page)), columnTarget)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, target := range targets {
		want[target.work] = target.String()
	}
	if !maps.Equal(bounds, want) {
		t.Errorf("%s has %v, want %v", record, bounds, want)
	}
	medians, err := recorded(strings.NewReader(string(page)), columnMedian)
	if err != nil {
		t.Fatal(err)
	}
	for work, median := range medians {
		if median == "" {
			t.Errorf("%s has no median of %q", record, work)
		}
	}
}

func TestTheNextRunReadsAReport(t *testing.T) {
	f := figures{"burst reads ours": {1, 3, 2}, "cold poll ms ours": {6, 2}, "cold poll ms empty": {4, 4}}
	var page strings.Builder
	report(&page, f, map[string]string{"1,000 misses at once, 8 instances: reads": "7"})
	for column, want := range map[string]string{columnEarlier: "7", columnTarget: "at most 2", columnMedian: "2", "met": "yes"} {
		got, err := recorded(strings.NewReader(page.String()), column)
		if err != nil || got["1,000 misses at once, 8 instances: reads"] != want {
			t.Errorf("%s is %q, want %q: %v", column, got["1,000 misses at once, 8 instances: reads"], want, err)
		}
	}
	t.Run("a target that was missed or not measured is not met", func(t *testing.T) {
		met, err := recorded(strings.NewReader(page.String()), "met")
		if err != nil || met["exec to first poll / empty handler"] != "no" || met["exec to first poll / Node"] != "no" {
			t.Errorf("%v, %v", met, err)
		}
	})
	t.Run("every figure has a row with a cell for each candidate that has it", func(t *testing.T) {
		if row := "| cold poll ms | 6 | 4 |  |  |  |  |  |\n"; !strings.Contains(page.String(), row) {
			t.Errorf("%q is not in\n%s", row, page.String())
		}
	})
}

func TestABoundIsMetAtItsValue(t *testing.T) {
	for name, c := range map[string]struct {
		target target
		met    []float64
		missed []float64
	}{
		"at most":  {target{atMost: true, bound: 1.3}, []float64{0, 1.3}, []float64{1.31, math.NaN()}},
		"at least": {target{bound: 0.9}, []float64{0.9, 2}, []float64{0.89, math.NaN()}},
	} {
		t.Run(name, func(t *testing.T) {
			if slices.ContainsFunc(c.met, func(v float64) bool { return !c.target.met(v) }) || slices.ContainsFunc(c.missed, c.target.met) {
				t.Errorf("%s: %v should be met, %v missed", c.target, c.met, c.missed)
			}
		})
	}
}

func TestOnlyTheTableOfTargetsIsRead(t *testing.T) {
	page := "| work | target | median |\n| --- | --- | --- |\n| a / b | at most 2 | 1.5 |\n\ntext | with | bars\n| figure | ours |\n| --- | --- |\n| a / b | 9 |\n"
	got, err := recorded(strings.NewReader(page), columnMedian)
	if want := map[string]string{"a / b": "1.5"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
