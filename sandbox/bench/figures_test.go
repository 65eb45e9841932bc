package main

import (
	"strings"
	"testing"
	"time"
)

func TestARatioIsOfValuesOfOneRound(t *testing.T) {
	f := figures{"hit p50 us ours": {20, 200, 30}, "hit p50 us bare": {15, 150, 30}, "hit p50 us empty": {10, 100, 10}}
	got := target{ratio: above("hit p50 us ours", "hit p50 us bare", "hit p50 us empty")}.measure(f)
	if want := (spread{median: 2, low: 1, high: 2}); got != want {
		t.Fatalf("got %+v, want %+v", got, want)
	}
}

func TestPercentile(t *testing.T) {
	all := []time.Duration{5, 1, 4, 2, 3, 10, 9, 8, 7, 6}
	for p, want := range map[float64]time.Duration{0.5: 5, 0.99: 10, 0.1: 1} {
		if got := percentile(all, p); got != want {
			t.Errorf("%v: got %d, want %d", p, got, want)
		}
	}
}

func TestTheBytesOfAStreamExcludeItsPrelude(t *testing.T) {
	for _, text := range []string{"", "x", strings.Repeat("\x00x", 1<<20)} {
		got := readStream(strings.NewReader(`{"statusCode":200}`+strings.Repeat("\x00", 8)+text), time.Now())
		if got.err != nil || got.bytes != int64(len(text)) {
			t.Errorf("got %d bytes, want %d; error %v", got.bytes, len(text), got.err)
		}
	}
}
