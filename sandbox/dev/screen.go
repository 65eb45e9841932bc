package dev

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// colour is an SGR parameter of a terminal (ECMA-48).
type colour string

const (
	plain  colour = ""
	red    colour = "31"
	green  colour = "32"
	yellow colour = "33"
	grey   colour = "90"
)

// screen prints lines with the time of day.
type screen struct {
	out      io.Writer
	coloured bool
	now      func() time.Time
	mu       sync.Mutex
}

// Coloured reports whether output has colours: on a terminal, unless NO_COLOR is set (no-color.org).
func Coloured(terminal bool, getenv func(string) string) bool {
	return terminal && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// printf prints lines in a colour; those after the first are indented.
func (s *screen) printf(c colour, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stamp := s.now().Format("15:04:05") + " "
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		line = printable(line)
		if s.coloured && c != plain {
			line = "\x1b[" + string(c) + "m" + line + "\x1b[0m"
		}
		_, _ = fmt.Fprintln(s.out, stamp+line)
		stamp = strings.Repeat(" ", len(stamp))
	}
}

// printable replaces control characters: what is logged must not control the terminal.
func printable(line string) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r >= 0x7f && r < 0xa0) {
			return '\uFFFD'
		}
		return r
	}, line)
}
