package runtimeapi

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"
)

// text is a stream.
type text struct {
	io.Reader
	closed int
	err    error // of closing it
}

func (s *text) ContentType() string { return "text/plain" }

func (s *text) Close() error { s.closed++; return s.err }

func TestAStreamIsSentInChunksAndClosed(t *testing.T) {
	payload := strings.Repeat("0123456789", 20_000)
	for name, test := range map[string]struct {
		from  io.Reader
		error string // type that the trailer names
	}{
		"to its end":                     {strings.NewReader(payload), ""},
		"until it breaks":                {io.MultiReader(strings.NewReader(payload), iotest.ErrReader(errors.New("broken"))), "*errors.errorString"},
		"until its source ends too soon": {io.MultiReader(strings.NewReader(payload), iotest.ErrReader(fmt.Errorf("broken: %w", io.EOF))), "*fmt.wrapError"},
	} {
		t.Run(name, func(t *testing.T) {
			p, stream := platform{events: []string{`1`, `2`}}, &text{Reader: test.from}
			_ = p.serve(t, func(ctx context.Context, event []byte) (Response, error) {
				if string(event) == "1" {
					return Response{Stream: stream}, nil
				}
				return echo(ctx, event)
			})
			if len(p.got) != 2 || stream.closed != 1 {
				t.Fatalf("%d responses, closed %d times", len(p.got), stream.closed)
			}
			got := p.got[0]
			if got.body != payload || got.length != -1 || got.contentType != "text/plain" || got.trailer.Get(headerErrorType) != test.error {
				t.Errorf("%d bytes, length %d, %s, trailer %v", len(got.body), got.length, got.contentType, got.trailer)
			}
			if broken := got.trailer.Get(trailerError) != ""; broken != (test.error != "") {
				t.Errorf("trailer %v", got.trailer)
			}
		})
	}
}

// server is a Runtime API whose events are numbers; the function streams each
// of them. It keeps what came by path and connection.
type server struct {
	events int
	// respond handles a stream with another status than 202, or does not respond.
	respond func(w http.ResponseWriter, r *http.Request, nth int) bool
	mu      sync.Mutex
	given   int
	streams []string // their bodies
	from    []string // their connections
	errors  int      // reported
	status  int      // of the response to a reported error; 0: 202
	slow    bool     // the first invocation is short, and streams are long
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case r.Method == http.MethodGet && s.given == s.events:
		w.WriteHeader(http.StatusGone)
	case r.Method == http.MethodGet:
		s.given++
		w.Header().Set(headerRequestID, fmt.Sprint("id-", s.given))
		w.Header().Set(headerDeadline, fmt.Sprint(time.Now().Add(s.left()).UnixMilli()))
		_, _ = fmt.Fprint(w, s.given)
	case strings.HasSuffix(r.URL.Path, "/error"):
		s.errors++
		w.WriteHeader(max(s.status, http.StatusAccepted))
	case s.respond != nil && s.respond(w, r, s.given):
	default:
		body, _ := io.ReadAll(r.Body)
		s.streams, s.from = append(s.streams, string(body)), append(s.from, r.RemoteAddr)
		w.WriteHeader(http.StatusAccepted)
	}
}

// length is of a stream, in bytes: more than sockets keep if it is not read.
func (s *server) length() int {
	if s.slow {
		return 64 << 20
	}
	return 1 << 20
}

// left is the time of an invocation.
func (s *server) left() time.Duration {
	if s.slow && s.given == 1 {
		return 2 * unsentMargin
	}
	return time.Minute
}

// serve serves the server's events with streams of their own text.
func (s *server) serve(t *testing.T) error {
	t.Helper()
	t.Setenv(traceVariable, "")
	api := httptest.NewServer(s)
	defer api.Close()
	client := New(strings.TrimPrefix(api.URL, "http://"), slog.New(slog.DiscardHandler))
	return client.Serve(t.Context(), func(_ context.Context, event []byte) (Response, error) {
		return Response{Stream: &text{Reader: strings.NewReader(strings.Repeat(string(event), s.length())), err: errors.New("not closed")}}, nil
	})
}

// reset resets the connection of a request without a response.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// "Close the underlying connection after it has successfully written the
// response": AWS Lambda developer guide, "Building a custom runtime for AWS
// Lambda", "Implementing response streaming in a custom runtime".
func TestEachStreamHasItsOwnConnection(t *testing.T) {
	used := map[string]bool{}
	s := &server{events: 3, respond: func(w http.ResponseWriter, r *http.Request, _ int) bool {
		if used[r.RemoteAddr] {
			reset(w)
			return true
		}
		used[r.RemoteAddr] = true
		return false
	}}
	if err := s.serve(t); err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("ended by %v", err)
	}
	if len(s.streams) != 3 || s.errors != 0 {
		t.Errorf("%d streams and %d errors were received", len(s.streams), s.errors)
	}
	if slices.Sort(s.from); len(slices.Compact(s.from)) != len(s.streams) {
		t.Errorf("the streams had the connections %v", s.from)
	}
}

// A client that does not read on holds the Runtime API's end of the stream.
func TestAnUnreadStreamEndsBeforeItsInvocation(t *testing.T) {
	s := &server{events: 2, slow: true}
	s.respond = func(w http.ResponseWriter, _ *http.Request, nth int) bool {
		if nth != 1 {
			return false
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		return true
	}
	if err := s.serve(t); err == nil || !strings.Contains(err.Error(), "410") {
		t.Errorf("ended by %v", err)
	}
	if len(s.streams) != 1 || s.errors != 1 {
		t.Errorf("%d streams and %d errors were received, want one each", len(s.streams), s.errors)
	}
}

func TestARejectedStreamFailsOnlyItsInvocation(t *testing.T) {
	status := func(status int) func(http.ResponseWriter, *http.Request, int) bool {
		return func(w http.ResponseWriter, r *http.Request, nth int) bool {
			if nth != 1 {
				return false
			}
			_, _ = io.CopyN(io.Discard, r.Body, 1000)
			if status == 0 {
				reset(w)
			} else {
				w.WriteHeader(status)
			}
			return true
		}
	}
	for name, test := range map[string]struct {
		status, reported int // of the responses to the stream and to its report; 0: none
		errors, streams  int
		want             string // that ends the process: 410 is the end of the events
	}{
		"that is too large":                            {413, 202, 0, 1, "410"},
		"of another invocation":                        {400, 202, 0, 1, "410"},
		"in a state that accepts none":                 {403, 202, 0, 1, "410"},
		"whose connection is reset":                    {0, 202, 1, 1, "410"},
		"whose connection is reset after it has begun": {0, 403, 1, 1, "410"},
		"to an environment that must end":              {500, 202, 0, 0, "500"},
		"and whose report is rejected with 500":        {0, 500, 1, 0, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			s := &server{events: 2, respond: status(test.status), status: test.reported}
			err := s.serve(t)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("ended by %v, want %s", err, test.want)
			}
			if s.errors != test.errors || len(s.streams) != test.streams {
				t.Errorf("%d errors and %d streams were received, want %d and %d", s.errors, len(s.streams), test.errors, test.streams)
			}
		})
	}
}

// once is a reader that fails once and then continues without an error.
type once struct {
	io.Reader
	err error
}

func (o *once) Read(p []byte) (int, error) {
	if err := o.err; err != nil {
		o.err = nil
		return 0, err
	}
	return o.Reader.Read(p)
}

func TestAFailedStreamStaysFailed(t *testing.T) {
	trailer := http.Header{}
	r := &errorTrailerBody{body: &once{strings.NewReader("more"), errors.New("broken")}, trailer: trailer}
	for range 3 {
		if n, err := r.Read(make([]byte, 10)); n != 0 || !errors.Is(err, io.EOF) {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
	if trailer.Get(headerErrorType) == "" {
		t.Errorf("trailer %v", trailer)
	}
}
