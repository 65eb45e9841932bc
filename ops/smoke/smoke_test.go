package smoke

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/client/transport"
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
			a, err := newAPI(server.URL, "", []transport.Option{transport.WithAPIKey("k")})
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
	var asked atomic.Int32
	a, err := newAPI("http://api.invalid", "", []transport.Option{transport.WithBase(roundTripper(func(*http.Request) (*http.Response, error) {
		asked.Add(1)
		return nil, &net.DNSError{Err: "no such host", Name: "api.invalid", IsNotFound: true}
	}))})
	if err != nil {
		t.Fatal(err)
	}
	a.pollInterval, a.left = time.Millisecond, 2*time.Millisecond
	if err := a.check(t.Context(), io.Discard, requests()); err == nil {
		t.Error("it works without a name")
	}
	if questions := len(requests()); int(asked.Load()) != questions+2 {
		t.Errorf("requested %d times, want each of %d requests once and two again", asked.Load(), questions)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

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

func TestRequestsProveWhoTheirCallerIs(t *testing.T) {
	for name, test := range map[string]struct {
		auth        string
		environment map[string]string
		want        string // the beginning of the header Authorization
		err         string
	}{
		"with nothing":                         {"none", nil, "", ""},
		"with a token":                         {"jwt", map[string]string{"BEARER_TOKEN": "t-1"}, "Bearer t-1", ""},
		"with a signature":                     {"iam", map[string]string{"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "SECRET", "AWS_REGION": "eu-west-3"}, "AWS4-HMAC-SHA256 Credential=AKID/", ""},
		"not without a token":                  {"jwt", nil, "", "set BEARER_TOKEN"},
		"not without a region":                 {"iam", nil, "", "set AWS_REGION"},
		"not in a way that stacks do not have": {"basic", nil, "", `--auth "basic": must be none, jwt or iam`},
	} {
		t.Run(name, func(t *testing.T) {
			for _, variable := range []string{"API_KEY", "BEARER_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
				t.Setenv(variable, "")
			}
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			for variable, value := range test.environment {
				t.Setenv(variable, value)
			}
			var got []string
			server := serve(t, "", func(_ http.ResponseWriter, r *http.Request) bool {
				got = append(got, r.Header.Get("Authorization"))
				return false
			})
			err := ask(t, "--url", server.URL, "--auth", test.auth)
			if (err == nil) != (test.err == "") || err != nil && !strings.Contains(err.Error(), test.err) {
				t.Fatalf("error %v, want %q", err, test.err)
			}
			for _, header := range got {
				if !strings.HasPrefix(header, test.want) || test.want == "" && header != "" {
					t.Errorf("Authorization is %q, want %q", header, test.want)
				}
			}
			if err == nil && len(got) != len(requests()) {
				t.Errorf("%d requests were sent", len(got))
			}
		})
	}
}
