package dev

import (
	"path/filepath"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/layout"
)

// logs follows the logs of a stack.
type logs struct {
	layout   layout.Layout
	requests *requests
	access   *tail
	stack    string // what the names of the stack's log groups contain
	function map[string]*tail
}

// followLogs follows the access log of a stack, whose resources' names begin with the prefix, from now on.
func followLogs(l layout.Layout, prefix string, r *requests) *logs {
	return &logs{layout: l, requests: r, stack: prefix, access: tailFrom(l.Log("access")), function: map[string]*tail{}}
}

// functions follows the logs of these functions, and of no others, from now on.
func (l *logs) functions(names []string) {
	before := l.function
	l.function = map[string]*tail{}
	for _, name := range names {
		if l.function[name] = before[name]; before[name] == nil {
			l.function[name] = tailFrom(filepath.Join(l.layout.Data(), "functions", "logs", name+".log"))
		}
	}
}

// read reads and shows what was added.
func (l *logs) read(now time.Time) error {
	for _, function := range l.function {
		lines, err := function.lines()
		if err != nil {
			return err
		}
		for _, line := range lines {
			l.requests.takeLine(line, now)
		}
	}
	entries, err := l.access.lines()
	if err != nil {
		return err
	}
	for _, line := range entries {
		// The ARN of the log group, and the entry.
		if destination, entry, _ := strings.Cut(line, " "); strings.Contains(destination, l.stack) {
			l.requests.takeAccess(entry, now)
		}
	}
	l.requests.show(now)
	return nil
}
