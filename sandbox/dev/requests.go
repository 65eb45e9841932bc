package dev

import (
	"encoding/json"
	"strings"
	"time"
)

// access is an entry of the API's access log (api/stage.go has its fields).
type access struct {
	RequestID         string `json:"requestId"`
	Method            string `json:"method"`
	Resource          string `json:"resource"`
	Status            string `json:"status"`
	Latency           string `json:"responseLatency"`
	FunctionRequestID string `json:"functionRequestId"`
	ErrorType         string `json:"errorType"`
}

// reachedFunction reports whether the function has a line of the request.
func (a access) reachedFunction() bool {
	return a.FunctionRequestID != "" && a.FunctionRequestID != "-"
}

// joinTimeout is how long the lines of a request and its entry in the access log wait for each other.
const joinTimeout = 700 * time.Millisecond

// exchange is a request with its lines so far.
type exchange struct {
	since   time.Time
	access  *access
	summary *logLine
	lines   []logLine
}

// complete reports whether nothing more is expected of the request.
func (e *exchange) complete() bool {
	return e.access != nil && (e.summary != nil || !e.access.reachedFunction())
}

// requests shows each request with its lines: errors first, then the request, then the rest.
type requests struct {
	screen *screen
	open   map[string]*exchange
}

func newRequests(s *screen) *requests { return &requests{screen: s, open: map[string]*exchange{}} }

func (r *requests) of(id string, now time.Time) *exchange {
	if r.open[id] == nil {
		r.open[id] = &exchange{since: now}
	}
	return r.open[id]
}

// takeAccess takes an entry of the access log.
func (r *requests) takeAccess(entry string, now time.Time) {
	var a access
	if json.Unmarshal([]byte(entry), &a) != nil {
		r.screen.printf(plain, "%s", entry)
		return
	}
	r.of(a.RequestID, now).access = &a
}

// takeLine takes a line of a function's log. Those outside a request are shown at once.
func (r *requests) takeLine(text string, now time.Time) {
	if routine(text) {
		return
	}
	line := readLine(text)
	if line.request == "" {
		r.print(line)
		return
	}
	e := r.of(line.request, now)
	if line.summary {
		e.summary = &line
		return
	}
	e.lines = append(e.lines, line)
}

// show prints the requests that are complete or have waited long enough, in their order.
func (r *requests) show(now time.Time) {
	for {
		var first string
		for id, e := range r.open {
			if (e.complete() || now.Sub(e.since) > joinTimeout) && (first == "" || e.since.Before(r.open[first].since)) {
				first = id
			}
		}
		if first == "" {
			return
		}
		r.printExchange(r.open[first])
		delete(r.open, first)
	}
}

func (r *requests) printExchange(e *exchange) {
	for _, line := range e.lines {
		if line.failed {
			r.print(line)
		}
	}
	if e.summary != nil && e.summary.text != "" {
		r.print(*e.summary)
	}
	if e.access != nil {
		r.printRequest(e)
	}
	for _, line := range e.lines {
		if !line.failed {
			r.print(line)
		}
	}
}

func (r *requests) printRequest(e *exchange) {
	a, cache := e.access, "-"
	if e.summary != nil && e.summary.cache != "" {
		cache = e.summary.cache
	}
	reason := ""
	if a.ErrorType != "" && a.ErrorType != "-" {
		reason = " " + a.ErrorType
	}
	r.screen.printf(statusColour(a.Status), "%-6s %-16s %s %-6s %5s ms %s%s", a.Method, a.Resource, a.Status, cache, a.Latency, a.RequestID, reason)
}

func (r *requests) print(line logLine) {
	if line.failed {
		r.screen.printf(red, "ERROR  %s", line.text)
		return
	}
	r.screen.printf(grey, "       %s", line.text)
}

func statusColour(status string) colour {
	switch {
	case strings.HasPrefix(status, "5"):
		return red
	case strings.HasPrefix(status, "4"):
		return yellow
	}
	return green
}
