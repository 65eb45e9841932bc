package dev

import (
	"strings"
	"testing"
	"time"
)

// newScreen returns a screen at a fixed time and what it prints.
func newScreen(coloured bool) (*screen, *strings.Builder) {
	var out strings.Builder
	at := time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)
	return &screen{out: &out, coloured: coloured, now: func() time.Time { return at }}, &out
}

func TestScreen(t *testing.T) {
	for _, test := range []struct {
		name     string
		coloured bool
		text     string
		want     string
	}{
		{"a line has the time", false, "hello", "03:04:05 hello\n"},
		{"further lines are indented", false, "a\nb", "03:04:05 a\n         b\n"},
		{"colours are a terminal's", true, "hello", "03:04:05 \x1b[31mhello\x1b[0m\n"},
		{"control characters of a log do not reach the terminal", true, "\x1b[2Jx\r\u009b", "03:04:05 \x1b[31m\uFFFD[2Jx\uFFFD\uFFFD\x1b[0m\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, out := newScreen(test.coloured)
			s.printf(red, "%s", test.text)
			if out.String() != test.want {
				t.Errorf("%q, want %q", out, test.want)
			}
		})
	}
}

func TestOutputHasColoursOnATerminalUnlessTheUserWantsNone(t *testing.T) {
	for _, test := range []struct {
		name     string
		terminal bool
		env      map[string]string
		want     bool
	}{
		{"a terminal", true, nil, true},
		{"a file", false, nil, false},
		{"a terminal with NO_COLOR", true, map[string]string{"NO_COLOR": "1"}, false},
		{"a terminal without colours", true, map[string]string{"TERM": "dumb"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := Coloured(test.terminal, func(name string) string { return test.env[name] }); got != test.want {
				t.Errorf("%t", got)
			}
		})
	}
}
