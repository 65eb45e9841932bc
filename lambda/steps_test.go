package main

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
)

// step is a dependency's part of the steps in the line of a request.
type step struct {
	Calls   int
	StartMS float64 `json:"start_ms"`
	MS      float64 `json:"ms"`
}

// lastSteps returns the steps of the last request that was logged, and its latency.
func (s *testEnv) lastSteps() (steps map[string]step, latency float64) {
	s.t.Helper()
	lines := strings.Split(strings.TrimSpace(s.log.String()), "\n")
	var line struct {
		Msg     string
		Steps   map[string]step
		Latency float64
	}
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &line); err != nil || line.Msg != "request" {
		s.t.Fatalf("%v: %s", err, lines[len(lines)-1])
	}
	return line.Steps, line.Latency
}

// expectSteps checks which dependencies the last request called and how often, and that it waited for the slow one.
func (s *testEnv) expectSteps(calls map[string]int, slow string) {
	s.t.Helper()
	steps, latency := s.lastSteps()
	if len(steps) != len(calls) {
		s.t.Errorf("steps %+v, want calls %v", steps, calls)
	}
	for name, n := range calls {
		if got := steps[name]; got.Calls != n || got.StartMS < 0 || name == slow && got.MS < float64(delay.Milliseconds()) {
			s.t.Errorf("%s: %+v in %v ms, want %d calls; slow: %s", name, got, latency, n, slow)
		}
	}
}

// delay is that of each piece of a slow server's traffic, within the time of one command to Redis.
const delay = 300 * time.Millisecond

// withQueue has the function run deferred work after its response, as the Runtime API's client does.
func (s *testEnv) withQueue() *testEnv {
	serve := s.function
	s.function = func(ctx context.Context, event []byte) (runtimeapi.Response, error) {
		ctx, queue := postresponse.NewQueue(ctx)
		response, err := serve(ctx, event)
		queue.Run()
		return response, err
	}
	return s
}

func TestTheLogHasWhatARequestForAnItemWaitedFor(t *testing.T) {
	s := newTestEnv(t, notFound).withQueue()
	get := func(id string, status int, cache string) {
		t.Helper()
		s.expect(http.MethodGet, id, "", status, cache)
	}
	s.expect(http.MethodPut, "a", "1", http.StatusCreated, "")
	if steps, latency := s.lastSteps(); steps["secrets"].Calls != 1 || steps["database"].MS < steps["secrets"].MS || steps["database"].StartMS+steps["database"].MS > latency {
		t.Errorf("the first request reads the secret while it connects: %+v in %v ms", steps, latency)
	}
	get("a", http.StatusOK, "miss")
	// The first read opens a connection of its own at the same time; the entry is stored after the response.
	s.expectSteps(map[string]int{"cache": 1, "database": 2}, "")
	get("a", http.StatusOK, "hit")
	s.expectSteps(map[string]int{"cache": 1}, "")
	s.database.Slow(delay)
	get("slow-database", http.StatusNotFound, "miss")
	s.expectSteps(map[string]int{"cache": 1, "database": 1}, "database")
	s.database.Restore()
	s.redis.Slow(delay)
	get("slow-cache", http.StatusNotFound, "miss")
	s.expectSteps(map[string]int{"cache": 1, "database": 1}, "cache")
	s.redis.Restore()
	s.expect(http.MethodPut, "a", "not JSON", http.StatusUnprocessableEntity, "")
	s.expectSteps(nil, "")
}

func TestTheLogHasWhatARequestForAFileWaitedFor(t *testing.T) {
	s := newTestEnv(t, (&object{content: []byte("content"), status: func(request int) int { return map[bool]int{true: 503}[request == 1] }}).serve)
	send := func(method, body string, status int) {
		t.Helper()
		if response, _ := s.invokeWithin(invocationTime, request(method, "/files/{key+}", map[string]string{"key": "a"}, body)); response.StatusCode != status {
			t.Errorf("%s: %+v", method, response)
		}
	}
	send(http.MethodGet, "", http.StatusOK)
	s.expectSteps(map[string]int{"files": 2}, "") // S3 has throttled the first request
	s.file.Slow(delay)
	send(http.MethodGet, "", http.StatusOK)
	s.expectSteps(map[string]int{"files": 1}, "files")
	send(http.MethodPost, `{"size":7,"content_type":"text/plain"}`, http.StatusCreated)
	s.expectSteps(nil, "") // presigning sends nothing
}

func TestTheStepsOfAStreamEndWithIt(t *testing.T) {
	const ranges = 3 // the content is read in as many at least
	s := newTestEnv(t, (&object{content: make([]byte, 20<<20), status: func(int) int { return 0 }}).serve).withQueue()
	if response, _ := s.invokeWithin(invocationTime, request(http.MethodGet, "/files/{key+}", map[string]string{"key": "a"}, "")); response.StatusCode != http.StatusOK {
		t.Fatalf("%+v", response)
	}
	if steps, _ := s.lastSteps(); steps["files"].Calls < ranges {
		t.Errorf("%+v, want %d calls at least", steps, ranges)
	}
}
