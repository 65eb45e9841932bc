package lambdahost

import (
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// noise is the content of the test function's stream.
func noise(size int64) io.Reader { return io.LimitReader(rand.NewChaCha8([32]byte{1}), size) }

// prelude is the number of bytes before the body of the test function's stream.
const prelude = len(`{"statusCode":200}`) + 8

func stream(t *testing.T, h *Host, payload string) *Stream {
	t.Helper()
	s, err := h.InvokeStream(t.Context(), Request{Function: "f", Payload: []byte(payload)})
	if err != nil {
		t.Fatalf("invoke %s: %v", payload, err)
	}
	t.Cleanup(func() { _ = s.Body.Close() })
	return s
}

func TestALargeResponseIsStreamedCompletely(t *testing.T) {
	h, _ := newFunction(t, nil)
	s := stream(t, h, `{"do":"stream","size":67108864}`)
	if s.ContentType != "application/vnd.awslambda.http-integration-response" {
		t.Errorf("content type %q", s.ContentType)
	}
	if _, err := io.CopyN(io.Discard, s.Body, int64(prelude)); err != nil {
		t.Fatal(err)
	}
	got, want := sha256.New(), sha256.New()
	if n, err := io.Copy(got, s.Body); err != nil || n != 64<<20 {
		t.Fatalf("%d bytes, %v", n, err)
	}
	if _, err := io.Copy(want, noise(64<<20)); err != nil {
		t.Fatal(err)
	}
	if string(got.Sum(nil)) != string(want.Sum(nil)) {
		t.Error("the bytes differ")
	}
}

func TestAStreamArrivesBeforeItsEnd(t *testing.T) {
	h, _ := newFunction(t, nil)
	invokeAs[identity](t, h, `{"do":"identity"}`)
	start := time.Now()
	s := stream(t, h, `{"do":"slow-stream","size":10,"sleep":2000000000}`)
	if _, err := io.CopyN(io.Discard, s.Body, int64(prelude)+10); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 1500*time.Millisecond {
		t.Errorf("the first bytes took %v", took)
	}
	if rest, err := io.ReadAll(s.Body); err != nil || string(rest) != "late" {
		t.Errorf("rest %q, %v", rest, err)
	}
}

func TestStreamsThatFail(t *testing.T) {
	tests := []struct {
		name, payload, kind string
		timeout             time.Duration
		before              bool // the failure precedes the response
	}{
		{"before the response", `{"do":"error"}`, "errorString", 0, true},
		{"by a timeout before the response", `{"do":"sleep","sleep":60000000000}`, "Sandbox.Timedout", time.Second, true},
		{"in the middle", `{"do":"broken-stream","size":100000}`, "errorString", 0, false},
		{"by a timeout in the middle", `{"do":"slow-stream","size":100000,"sleep":60000000000}`, "Sandbox.Timedout", 3 * time.Second, false},
		{"by being too large", `{"do":"stream","size":209715201}`, "Function.ResponseSizeTooLarge", 0, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h, _ := newFunction(t, func(s *fakeSource, _ *Config) {
				if test.timeout != 0 {
					s.function.Timeout = test.timeout
				}
			})
			s, err := h.InvokeStream(t.Context(), Request{Function: "f", Payload: []byte(test.payload)})
			if !test.before {
				if err != nil {
					t.Fatal(err)
				}
				_, err = io.Copy(io.Discard, s.Body)
			}
			var failure *FunctionError
			if !errors.As(err, &failure) || failure.Type != test.kind {
				t.Errorf("got %v, want %s", err, test.kind)
			}
			invokeAs[identity](t, h, `{"do":"identity"}`)
		})
	}
}

func TestAFunctionContinuesAfterTheStreamsReaderDisconnects(t *testing.T) {
	h, _ := newFunction(t, nil)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	s := stream(t, h, `{"do":"stream","size":67108864}`)
	if err := s.Body.Close(); err != nil {
		t.Fatal(err)
	}
	waitRunning(t, h, 0)
	if second := invokeAs[identity](t, h, `{"do":"identity"}`); second.PID != first.PID {
		t.Errorf("process %d was ended with the stream's reader", first.PID)
	}
}

// AWS Lambda developer guide, "Building a custom runtime for AWS Lambda": the
// runtime closes the connection after a stream.
func TestAConnectionCarriesNoRequestAfterAStream(t *testing.T) {
	e := &environment{ready: make(chan struct{}), work: make(chan *invocation)}
	server := httptest.NewUnstartedServer(nil)
	server.Config = newServer(e.runtimeAPI(), func(net.Conn) bool { return true })
	server.Start()
	defer server.Close()
	inv := newInvocation(Function{}, Request{}, true)
	e.setCurrent(inv)
	inv.abandon()
	post := func(path string) (status int, err error) {
		sent, err := server.Client().Post(server.URL+"/2018-06-01/runtime/invocation/"+inv.id+path, "text/plain", strings.NewReader("x"))
		if err != nil {
			return 0, err
		}
		_, _ = io.Copy(io.Discard, sent.Body)
		return sent.StatusCode, sent.Body.Close()
	}
	if status, err := post("/response"); err != nil || status != http.StatusAccepted {
		t.Fatalf("%d, %v", status, err)
	}
	if status, err := post("/error"); err == nil {
		t.Errorf("the connection took a further request: %d", status)
	}
	if status, err := post("/error"); err != nil || status != http.StatusForbidden {
		t.Errorf("a new connection: %d, %v", status, err)
	}
}

func TestStreamsFollowOneAnotherInAnEnvironment(t *testing.T) {
	h, _ := newFunction(t, nil)
	first := invokeAs[identity](t, h, `{"do":"identity"}`)
	for range 3 {
		s := stream(t, h, `{"do":"stream","size":1000}`)
		if n, err := io.Copy(io.Discard, s.Body); err != nil || n != int64(prelude)+1000 {
			t.Fatalf("%d bytes, %v", n, err)
		}
		waitRunning(t, h, 0)
	}
	if last := invokeAs[identity](t, h, `{"do":"identity"}`); last.PID != first.PID {
		t.Errorf("process %d became %d", first.PID, last.PID)
	}
}
