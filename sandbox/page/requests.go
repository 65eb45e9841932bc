package page

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
)

const (
	// mostRequests is how many requests are shown, the newest.
	mostRequests = 100
	// logTail is how much of the end of a log is read for them.
	logTail = 1 << 20
)

// request is a request by its lines in the access log and in the function's log.
type request struct {
	ID       string    `json:"id"`
	Time     time.Time `json:"time"`
	Method   string    `json:"method"`
	Route    string    `json:"route"`
	Status   string    `json:"status"`
	Latency  string    `json:"latency"` // milliseconds
	Error    string    `json:"error,omitempty"`
	Cache    string    `json:"cache,omitempty"`
	Trace    string    `json:"trace,omitempty"`
	function string    // the function's request id
}

// requests returns the stack's newest requests, the newest first.
func (p *page) requests(r *http.Request) ([]request, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	all, err := p.served(s, logTail)
	if err != nil {
		return nil, err
	}
	all = all[max(0, len(all)-mostRequests):]
	slices.Reverse(all)
	summaries, err := p.summaries(s)
	for i := range all {
		if of, ok := summaries[all[i].ID]; ok {
			all[i].Cache, all[i].Trace = of.Cache, of.Trace
		}
	}
	return all, err
}

// served are the requests of the access log's last bytes, in its order. A line has the ARN of its log group first.
func (p *page) served(s stack, last int64) ([]request, error) {
	lines, err := tail(p.layout.Log("access"), last)
	if err != nil {
		return nil, err
	}
	all := []request{}
	for _, line := range lines {
		destination, entry, _ := strings.Cut(line, " ")
		if !strings.Contains(destination, ":log-group:"+s.prefix+"-") {
			continue
		}
		// api/stage.go has the fields.
		var a struct{ RequestID, Time, Method, Resource, Status, ResponseLatency, ErrorType, FunctionRequestID string }
		if json.Unmarshal([]byte(entry), &a) != nil {
			continue
		}
		ms, err := strconv.ParseInt(a.Time, 10, 64)
		if err != nil {
			continue
		}
		all = append(all, request{
			ID: a.RequestID, Time: time.UnixMilli(ms), Method: a.Method, Route: a.Resource, Status: a.Status, Latency: a.ResponseLatency,
			Error: without(a.ErrorType), function: without(a.FunctionRequestID),
		})
	}
	return all, nil
}

// without is a field of the access log; "-" is none.
func without(field string) string {
	if field == "-" {
		return ""
	}
	return field
}

// summaries are the cache's result and the trace of requests by their id, from the line that the function writes of each.
func (p *page) summaries(s stack) (map[string]request, error) {
	name, _ := s.Stacked["functionName"].(string)
	lines, err := tail(p.functionLog(name), logTail)
	if err != nil {
		return nil, err
	}
	found := map[string]request{}
	for _, line := range lines {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) != nil || members[contract.LogStatus] == nil {
			continue
		}
		id, _ := members[contract.LogRequestID].(string)
		cache, _ := members[contract.LogCache].(string)
		trace, _ := members[contract.LogTraceID].(string)
		found[id] = request{Cache: cache, Trace: trace}
	}
	return found, nil
}

// functionLog is the file of a function's log.
func (p *page) functionLog(name string) string {
	return filepath.Join(p.layout.Data(), "functions", "logs", name+".log")
}

// logLine is a line of a request.
type logLine struct {
	Log  string `json:"log"`
	Text string `json:"text"`
}

// lines returns every line of a request: those of functions, then that of the access log. Lambda's own lines have the id
// of the invocation, which the access log has next to the request's.
func (p *page) lines(r *http.Request) ([]logLine, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	id := r.PathValue("request")
	ids := []string{id}
	all, err := p.served(s, wholeLog)
	if err != nil {
		return nil, err
	}
	for _, each := range all {
		if each.ID == id && each.function != "" {
			ids = append(ids, each.function)
		}
	}
	found := []logLine{}
	names, _ := s.Stacked["functionNames"].([]any)
	for _, name := range names {
		if name, ok := name.(string); ok {
			found, err = mentioning(found, name, p.functionLog(name), ids)
			if err != nil {
				return nil, err
			}
		}
	}
	found, err = mentioning(found, "access log", p.layout.Log("access"), ids)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("the logs have no line of request %s: %w", id, errNotFound)
	}
	return found, err
}

// mentioning adds the lines of a log that have one of the ids as a quoted string.
func mentioning(found []logLine, log, path string, ids []string) ([]logLine, error) {
	lines, err := tail(path, wholeLog)
	for _, line := range lines {
		if slices.ContainsFunc(ids, func(id string) bool { return strings.Contains(line, strconv.Quote(id)) }) {
			found = append(found, logLine{log, line[max(0, strings.IndexByte(line, '{')):]})
		}
	}
	return found, err
}

// wholeLog is more than the log of a function has before it begins again (sandbox/lambdahost).
const wholeLog = 64 << 20

// tail returns the whole lines among the last bytes of a file; none of a file that does not exist.
func tail(path string, last int64) ([]string, error) {
	file, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	from := max(0, info.Size()-last)
	text, err := io.ReadAll(io.NewSectionReader(file, from, info.Size()-from))
	if err != nil {
		return nil, fmt.Errorf("read a log: %w", err)
	}
	if from > 0 {
		text = text[bytes.IndexByte(text, '\n')+1:]
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	var lines []string
	for line := range bytes.Lines(text) {
		lines = append(lines, string(bytes.TrimRight(line, "\n")))
	}
	return lines, nil
}
