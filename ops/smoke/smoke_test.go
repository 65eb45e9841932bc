package smoke

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/ops/command"
)

// requests are the smoke test of an API that exists only here.
func requests() []openapi.Request {
	id := map[string]string{"id": "smoke-${random}"}
	return []openapi.Request{
		{Name: "it is ready", Route: "GET /ready", Status: 200},
		{Name: "a note is written", Route: "PUT /notes/{id}", Parameters: id, Body: []byte(`{"smoke":true}`), Status: 201},
		{Name: "it is read back", Route: "GET /notes/{id}", Parameters: id, Status: 200, Contains: `"smoke":true`},
		{Name: "it is deleted", Route: "DELETE /notes/{id}", Parameters: id, Status: 204},
		{Name: "it is gone", Route: "GET /notes/{id}", Parameters: id, Status: 404},
	}
}

// serve is that API; wrong may handle a request first.
func serve(t *testing.T, key string, wrong func(w http.ResponseWriter, r *http.Request) bool) *httptest.Server {
	t.Helper()
	notes := map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, known := notes[r.URL.Path]
		switch {
		case wrong != nil && wrong(w, r):
		case r.URL.Path == "/ready":
			_, _ = io.WriteString(w, `{"status":"ok"}`)
		case r.Header.Get("X-Api-Key") != key:
			w.WriteHeader(http.StatusForbidden)
		case r.Method == http.MethodPut:
			body, _ := io.ReadAll(r.Body)
			notes[r.URL.Path] = string(body)
			w.WriteHeader(http.StatusCreated)
		case r.Method == http.MethodDelete:
			delete(notes, r.URL.Path)
			w.WriteHeader(http.StatusNoContent)
		case known:
			_, _ = io.WriteString(w, `{"body": {"smoke": true}}`)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	return server
}

func ask(t *testing.T, args ...string) error {
	t.Helper()
	var out bytes.Buffer
	return run(t.Context(), command.IO{Stdout: &out, Stderr: &out}, args, requests())
}

func TestEveryUnexpectedResponseIsReported(t *testing.T) {
	status := func(method, path string, status int) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == method && strings.HasPrefix(r.URL.Path, path) {
				w.WriteHeader(status)
				return true
			}
			return false
		}
	}
	for name, tt := range map[string]struct {
		key, sent string
		wrong     func(http.ResponseWriter, *http.Request) bool
		want      string // in the error; empty: none
	}{
		"an API that works":                         {want: ""},
		"one that requires a key, with it":          {key: "k", sent: "k"},
		"one that requires a key, without it":       {key: "k", want: "403"},
		"one without its database":                  {wrong: status(http.MethodGet, "/ready", 503), want: "it is ready"},
		"one that fails to write notes":             {wrong: status(http.MethodPut, "/notes", 500), want: "a note is written"},
		"one that does not delete":                  {wrong: status(http.MethodDelete, "/notes", 204), want: "it is gone"},
		"one that returns notes without their body": {wrong: status(http.MethodGet, "/notes", 200), want: "it is read back"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("API_KEY", tt.sent)
			err := ask(t, "--url", serve(t, tt.key, tt.wrong).URL)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestARequestWithANewKeyIsRepeated(t *testing.T) {
	for name, tt := range map[string]struct {
		rejected int
		want     string
	}{
		"accepted after a while": {rejected: 3},
		"never accepted":         {rejected: 1000, want: "a note is written"},
	} {
		t.Run(name, func(t *testing.T) {
			rejected := 0
			server := serve(t, "k", func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || rejected == tt.rejected {
					return false
				}
				rejected++
				w.WriteHeader(http.StatusForbidden)
				return true
			})
			a, err := newAPI(server.URL, "", "k")
			if err != nil {
				t.Fatal(err)
			}
			a.pollInterval, a.left = time.Millisecond, 5*time.Millisecond
			err = a.check(t.Context(), io.Discard, requests())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v, want %q in it", err, tt.want)
			}
			if most := 6; rejected > most {
				t.Errorf("requested %d times, want %d at most", rejected, most)
			}
		})
	}
}

func TestARequestToANewHostNameIsRepeated(t *testing.T) {
	a, err := newAPI("http://api.invalid", "", "")
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	a.client.Transport = &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, &net.DNSError{Err: "no such host", Name: "api.invalid", IsNotFound: true}
	}}
	a.pollInterval, a.left = time.Millisecond, 2*time.Millisecond
	if err := a.check(t.Context(), io.Discard, requests()); err == nil {
		t.Error("it works without a name")
	}
	if questions := len(requests()); int(asked.Load()) != questions+2 {
		t.Errorf("requested %d times, want each of %d requests once and two again", asked.Load(), questions)
	}
}

func TestTheProxyIsUsedWhereTheHostNameDoesNotResolve(t *testing.T) {
	server := serve(t, "", func(w http.ResponseWriter, r *http.Request) bool {
		if r.Host == "dev.didomi.example" {
			return false
		}
		w.WriteHeader(http.StatusBadGateway)
		return true
	})
	if err := ask(t, "--url", "https://dev.didomi.example", "--via", server.URL); err != nil {
		t.Error(err)
	}
}

func TestAnInvalidAddressIsRejected(t *testing.T) {
	for _, address := range []string{"", "dev.didomi.example", "ftp://host"} {
		if err := ask(t, "--url", address); err == nil || !strings.Contains(err.Error(), "must be the address") {
			t.Errorf("--url %q: %v", address, err)
		}
	}
}
