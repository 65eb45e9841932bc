package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/didomi/serverless-api/lambda/postresponse"
)

// platform is a Runtime API that serves events and records the responses.
// After the last event it closes, which ends a Client.
type platform struct {
	events         []string
	deadline       string
	status         int  // of the response to a response, if not 202
	closeSilently  bool // closes each connection after a response, unannounced
	closeAnnounced bool // likewise, and announces it
	mu             sync.Mutex
	got            []received
	conns          int
}

// counts returns the number of responses received and of events left.
func (p *platform) counts() (got, left int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.got), len(p.events)
}

type received struct {
	path, contentType, body string
	length                  int64
	trailer                 http.Header
}

func (p *platform) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Method == http.MethodGet {
		if len(p.events) == 0 {
			w.WriteHeader(http.StatusGone)
			return
		}
		w.Header().Set(headerRequestID, fmt.Sprint("id-", len(p.events)))
		w.Header().Set(headerDeadline, p.deadline)
		w.Header().Set(headerTrace, "Root=1-2-3")
		_, _ = io.WriteString(w, p.events[0])
		p.events = p.events[1:]
	} else {
		body, _ := io.ReadAll(r.Body)
		p.got = append(p.got, received{r.URL.Path, r.Header.Get("Content-Type"), string(body), r.ContentLength, r.Trailer})
		if p.status != 0 {
			w.WriteHeader(p.status)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
}

// serve serves the platform's events with function and returns why it ended.
func (p *platform) serve(t *testing.T, function Function) error {
	t.Helper()
	t.Setenv(traceVariable, "")
	if p.deadline == "" {
		p.deadline = fmt.Sprint(time.Now().Add(time.Minute).UnixMilli())
	}
	server := httptest.NewUnstartedServer(p)
	server.Config.ConnState = func(conn net.Conn, state http.ConnState) {
		if state == http.StateNew {
			p.conns++
		}
		if p.closeSilently && state == http.StateIdle {
			_ = conn.Close()
		}
	}
	server.Config.SetKeepAlivesEnabled(!p.closeAnnounced)
	server.Start()
	defer server.Close()
	return New(strings.TrimPrefix(server.URL, "http://"), slog.New(slog.DiscardHandler)).Serve(t.Context(), function)
}

func echo(_ context.Context, event []byte) (Response, error) {
	return Response{Payload: append([]byte("answer to "), event...)}, nil
}

func TestInvocationsFollowOneAnotherOnOneConnection(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	p := platform{events: []string{`"a"`, long, `""`}}
	err := p.serve(t, echo)
	if err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("ended by %v", err)
	}
	for i, want := range []string{`answer to "a"`, "answer to " + long, `answer to ""`} {
		if i >= len(p.got) {
			t.Fatalf("got %d responses", len(p.got))
		}
		got := p.got[i]
		if got.body != want || got.length != int64(len(want)) || got.contentType != "application/json" || got.path != fmt.Sprint(invocations, "id-", 3-i, "/response") {
			t.Errorf("got %.200v", got)
		}
	}
	if p.conns != 1 {
		t.Errorf("%d connections", p.conns)
	}
}

func TestDeferredWorkRunsBetweenResponseAndNextInvocation(t *testing.T) {
	p := &platform{events: []string{`1`, `2`}}
	var sent, waiting []int
	_ = p.serve(t, func(ctx context.Context, event []byte) (Response, error) {
		postresponse.Do(ctx, func() {
			got, left := p.counts()
			sent, waiting = append(sent, got), append(waiting, left)
			if ctx.Err() != nil {
				t.Error("the invocation has ended")
			}
		})
		return echo(ctx, event)
	})
	if !slices.Equal(sent, []int{1, 2}) || !slices.Equal(waiting, []int{1, 0}) {
		t.Errorf("done when %v responses had been sent and %v events were left", sent, waiting)
	}
}

func TestWarmupRunsOnceWhileTheFirstEventIsAwaited(t *testing.T) {
	asked, done := make(chan struct{}), make(chan struct{})
	var events atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusAccepted)
			return
		}
		n := events.Add(1)
		if n == 1 {
			close(asked)
			<-done // not before
		}
		w.Header().Set(headerDeadline, fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
		if n > 2 {
			w.WriteHeader(http.StatusGone)
		}
	}))
	defer server.Close()
	client := New(strings.TrimPrefix(server.URL, "http://"), slog.New(slog.DiscardHandler))
	client.Warmup = func() {
		<-asked
		close(done) // panics if it is called again
	}
	t.Setenv(traceVariable, "")
	if err := client.Serve(t.Context(), echo); err == nil || !strings.Contains(err.Error(), "410") || events.Load() != 3 {
		t.Errorf("ended by %v after %d events", err, events.Load())
	}
}

func TestTheContextHasDeadlineRequestIDAndTrace(t *testing.T) {
	deadline := time.Now().Add(time.Minute).Truncate(time.Millisecond)
	p := platform{events: []string{`1`}, deadline: fmt.Sprint(deadline.UnixMilli())}
	_ = p.serve(t, func(ctx context.Context, _ []byte) (Response, error) {
		until, _ := ctx.Deadline()
		about, _ := lambdacontext.FromContext(ctx)
		if !until.Equal(deadline) || about.AwsRequestID != "id-1" || ctx.Value("x-amzn-trace-id") != "Root=1-2-3" || os.Getenv(traceVariable) != "Root=1-2-3" {
			t.Errorf("until %v, %+v, trace %v and %q", until, about, ctx.Value("x-amzn-trace-id"), os.Getenv(traceVariable))
		}
		return Response{Payload: []byte("1")}, nil
	})
	if len(p.got) != 1 {
		t.Errorf("%d responses", len(p.got))
	}
}

func TestAConnectionClosedBetweenInvocationsIsReplaced(t *testing.T) {
	for name, p := range map[string]*platform{"without a word": {closeSilently: true}, "as announced": {closeAnnounced: true}} {
		t.Run(name, func(t *testing.T) {
			p.events = []string{`1`, `2`}
			_ = p.serve(t, echo)
			if len(p.got) != 2 || p.got[1].body != "answer to 2" || p.conns < 4 {
				t.Errorf("got %v on %d connections", p.got, p.conns)
			}
		})
	}
}

func TestAFailureIsReportedAndTheNextInvocationServed(t *testing.T) {
	p := platform{events: []string{`1`, `2`}}
	_ = p.serve(t, func(ctx context.Context, event []byte) (Response, error) {
		if string(event) == "1" {
			return Response{}, errors.New(`no "luck"`)
		}
		return echo(ctx, event)
	})
	var report errorReport
	if len(p.got) != 2 || json.Unmarshal([]byte(p.got[0].body), &report) != nil {
		t.Fatalf("got %v", p.got)
	}
	if report.Message != `no "luck"` || report.Type != "*errors.errorString" || p.got[0].path != invocations+"id-2/error" || p.got[1].body != "answer to 2" {
		t.Errorf("got %v", p.got)
	}
}

func TestAPanicIsReportedAndEndsTheProcess(t *testing.T) {
	p := platform{events: []string{`1`}}
	defer func() {
		if recover() == nil || len(p.got) != 1 || !strings.Contains(p.got[0].body, "panic: bug") {
			t.Errorf("went on, reported %v", p.got)
		}
	}()
	_ = p.serve(t, func(context.Context, []byte) (Response, error) { panic("bug") })
}

func TestARuntimeAPIThatFailsEndsTheProcess(t *testing.T) {
	p := platform{events: []string{`1`, `2`}, status: http.StatusInternalServerError}
	err := p.serve(t, func(context.Context, []byte) (Response, error) { return Response{Payload: []byte("1")}, nil })
	if err == nil || !strings.Contains(err.Error(), "500") || len(p.got) != 1 {
		t.Errorf("%v after %v", err, p.got)
	}
}

// The Runtime API responds 413 to a response over 6,291,556 bytes, which fails the invocation,
// responds 403 to an error for it and returns the next one: invocationresponse.go and
// invocationerror.go of github.com/aws/aws-lambda-runtime-interface-emulator; brefphp/bref#1483 saw the
// 413 and the 403 on AWS.
func TestARejectedResponseFailsOnlyItsInvocation(t *testing.T) {
	unsent := func(p *platform, length int) (err error, end error) {
		end = p.serve(t, func(ctx context.Context, event []byte) (Response, error) {
			if string(event) != "1" {
				return echo(ctx, event)
			}
			postresponse.Do(ctx, func() { err = postresponse.SendError(ctx) })
			return Response{Payload: bytes.Repeat([]byte("x"), length)}, nil
		})
		return err, end
	}
	t.Run("one over the limit is not sent", func(t *testing.T) {
		p := platform{events: []string{`1`, `2`}}
		err, end := unsent(&p, MaxResponse+1)
		if len(p.got) != 2 || !strings.HasSuffix(p.got[0].path, "/error") || !strings.Contains(p.got[0].body, "6291557 bytes") || p.got[1].body != "answer to 2" {
			t.Errorf("got %.300v, ended by %v", p.got, end)
		}
		if err == nil {
			t.Error("deferred work did not get the error")
		}
	})
	t.Run("the longest is sent", func(t *testing.T) {
		p := platform{events: []string{`1`, `2`}}
		if err, _ := unsent(&p, MaxResponse); err != nil || len(p.got) != 2 || p.got[0].length != MaxResponse {
			t.Errorf("%d responses, %v", len(p.got), err)
		}
	})
	for _, status := range []int{http.StatusRequestEntityTooLarge, http.StatusForbidden, http.StatusBadRequest} {
		t.Run(fmt.Sprint("one that gets ", status, " is followed by the next invocation"), func(t *testing.T) {
			p := platform{events: []string{`1`, `2`}, status: status}
			err, end := unsent(&p, 1)
			if len(p.got) != 2 || p.got[1].body != "answer to 2" || !strings.Contains(end.Error(), "410") {
				t.Errorf("got %v, ended by %v", p.got, end)
			}
			if err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) {
				t.Errorf("deferred work got %v", err)
			}
		})
	}
}

func TestAnInvocationWithoutADeadlineFails(t *testing.T) {
	p := platform{events: []string{`1`}, deadline: "soon"}
	_ = p.serve(t, echo)
	if len(p.got) != 1 || !strings.HasSuffix(p.got[0].path, "/error") {
		t.Errorf("got %v", p.got)
	}
}
