package restapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const nul8 = "\x00\x00\x00\x00\x00\x00\x00\x00"

func newRecorderFor(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

// streams returns the body as the function's response.
func streams(body io.Reader) func(context.Context) (*lambdahost.Stream, error) {
	return func(context.Context) (*lambdahost.Stream, error) {
		return &lambdahost.Stream{RequestID: "lambda-request", Body: io.NopCloser(body)}, nil
	}
}

func TestAStreamIsForwardedInChunks(t *testing.T) {
	f := newFixture(t, nil)
	r, w := io.Pipe()
	f.invoker.stream = streams(r)
	go func() {
		_, _ = io.WriteString(w, `{"statusCode":206,"headers":{"Content-Type":"text/x"},"cookies":["a=b"],"multiValueHeaders":{"M":["1","2"]}}`+nul8+"first\n")
	}()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api1/v1/files/a/b", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != 206 || resp.Header.Get("Content-Type") != "text/x" || resp.Header.Get("Set-Cookie") != "a=b" || len(resp.Header["M"]) != 2 {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
	if resp.ContentLength != -1 {
		t.Errorf("content length %d of a response of unknown length", resp.ContentLength)
	}
	lines := bufio.NewReader(resp.Body)
	if line, err := lines.ReadString('\n'); line != "first\n" {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = io.WriteString(w, "second\n") // only after the first chunk has arrived
	_ = w.Close()
	if rest, err := io.ReadAll(lines); err != nil || string(rest) != "second\n" {
		t.Errorf("%q, %v", rest, err)
	}
}

func TestInvalidStreams(t *testing.T) {
	tests := []struct {
		name   string
		stream func(context.Context) (*lambdahost.Stream, error)
		status int
	}{
		{"no delimiter", streams(strings.NewReader(`{"statusCode":200,"body":"buffered"}`)), 502},
		{"a prelude that is too long", streams(strings.NewReader(`{"headers":{"a":"` + strings.Repeat("x", maxPrelude) + `"}}` + nul8)), 502},
		{"a prelude that is not JSON", streams(strings.NewReader("hello" + nul8)), 502},
		{"a prelude with a body in it", streams(strings.NewReader(`{"statusCode":200,"body":"x"}` + nul8)), 502},
		{"a failure in the prelude", streams(iotest.ErrReader(&lambdahost.FunctionError{Type: "T"})), 502},
		{"a function that failed", func(context.Context) (*lambdahost.Stream, error) { return nil, &lambdahost.FunctionError{Type: "T"} }, 502},
		{"a throttled function", func(context.Context) (*lambdahost.Stream, error) { return nil, &lambdahost.Error{Status: 429} }, 500},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.invoker.stream = test.stream
			if a := f.send(t, "GET", "/api1/v1/files/a", ""); a.status != test.status || a.body != `{"message":"Internal server error"}` {
				t.Errorf("%d %s, want %d", a.status, a.body, test.status)
			}
		})
	}
}

func TestAStreamThatBreaksBreaksTheConnection(t *testing.T) {
	f := newFixture(t, nil)
	f.store.stage.AccessLog = &AccessLog{DestinationARN: "arn", Format: "$context.status $context.integration.error"}
	f.invoker.stream = streams(io.MultiReader(strings.NewReader(`{}`+nul8+"begun"), iotest.ErrReader(errors.New("it broke"))))
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api1/v1/files/a", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if body, err := io.ReadAll(resp.Body); err == nil {
		t.Errorf("the client took %q for the complete response", body)
	}
	if got := <-f.logged; got != "200 the stream broke: it broke" {
		t.Errorf("logged %q", got)
	}
}

func TestHEADOfAStreamHasTheHeadersAndNoBody(t *testing.T) {
	f := newFixture(t, nil)
	f.invoker.stream = streams(strings.NewReader(`{"headers":{"ETag":"\"1\"","Content-Length":"5"}}` + nul8 + "body!"))
	a := f.send(t, "HEAD", "/api1/v1/files/a", "")
	if a.status != 200 || a.header.Get("ETag") != `"1"` || a.body != "" || a.header.Get("X-Amzn-Remapped-Content-Length") != "5" {
		t.Errorf("%d %v %q", a.status, a.header, a.body)
	}
}

func TestAStreamEndsAtTheIntegrationsTimeout(t *testing.T) {
	for name, test := range map[string]struct{ begun, milliseconds string }{
		"before its body": {"", "100"},
		"in its body":     {`{}` + nul8 + "begun", "2000"}, // which must have begun by then
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			f.store.stage.Document = bytes.ReplaceAll(f.store.stage.Document, []byte("timeoutInMillis: 60000"), []byte("timeoutInMillis: "+test.milliseconds))
			r, w := io.Pipe()
			f.invoker.stream = func(context.Context) (*lambdahost.Stream, error) {
				return &lambdahost.Stream{Body: r}, nil
			}
			go func() { _, _ = io.WriteString(w, test.begun) }()
			start := time.Now()
			request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, f.url+"/api1/v1/files/a", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			_, err = io.ReadAll(resp.Body)
			if test.begun == "" && resp.StatusCode != 504 || test.begun != "" && err == nil {
				t.Errorf("%d, %v", resp.StatusCode, err)
			}
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func FuzzReadPrelude(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"a":1}}`+nul8+"body"), uint8(3))
	f.Add([]byte(nul8), uint8(1))
	f.Add([]byte(`{}`+nul8+nul8), uint8(8))
	f.Add([]byte(`{"statusCode":"x"}`+nul8), uint8(255))
	f.Fuzz(func(t *testing.T, stream []byte, piece uint8) {
		reader := bytes.NewReader(stream)
		body := &pieces{reader, int(piece) + 1}
		reply, first, err := readPrelude(body)
		if err != nil {
			return
		}
		if reply.status < 200 || reply.status > 599 {
			t.Fatalf("status %d", reply.status)
		}
		rest, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		_, want, found := bytes.Cut(stream, []byte(nul8))
		if got := append(bytes.Clone(first), rest...); !found || !bytes.Equal(got, want) {
			t.Fatalf("body %q, want %q", got, want)
		}
	})
}

// pieces reads at most n bytes at a time.
type pieces struct {
	io.Reader
	n int
}

func (p *pieces) Read(b []byte) (int, error) { return p.Reader.Read(b[:min(len(b), p.n)]) }
