package e2e

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/client/sigv4"
)

// send sends a request with only these headers.
func send(t *testing.T, out outputs, method, path, body string, headers map[string]string) response {
	t.Helper()
	return do(t, newRequest(t, out, method, path, body, headers))
}

// newRequest returns a request with only these headers.
func newRequest(t *testing.T, out outputs, method, path, body string, headers map[string]string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, out.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	return req
}

// checkPages sends requests as a browser does for a page of the stack's origin, and of another.
func checkPages(t *testing.T, out outputs, origin string) {
	t.Helper()
	for _, c := range []struct{ name, method, path, body, origin, allowed string }{
		{"a preflight of the origin", http.MethodOptions, "/items/1", "", origin, origin},
		{"a preflight of another origin", http.MethodOptions, "/items/1", "", "https://stranger.example", ""},
		{"a response of the function", http.MethodGet, "/items/never-made", "", origin, origin},
		{"a gateway response", http.MethodPost, "/files/a", `{"size":"much"}`, origin, origin},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := send(t, out, c.method, c.path, c.body, map[string]string{"Origin": c.origin, "Content-Type": "application/json"})
			if allowed := got.header.Get("Access-Control-Allow-Origin"); allowed != c.allowed {
				t.Errorf("%d allows %q to read it, want %q\n%s", got.status, allowed, c.allowed, got.body)
			}
		})
	}
}

// checkPagesAtBucket sends S3 the preflight requests that a browser sends before a presigned request: for a page of the
// stack's origin, of another origin, and after a redirect, for which the origin is "null".
func checkPagesAtBucket(t *testing.T, out outputs, origin string) {
	t.Helper()
	at := requestUpload(t, out, "e2e/page.txt", len("small")).URL
	for _, c := range []struct{ name, origin, method, allowed string }{
		{"to send a file", origin, http.MethodPut, origin},
		{"to complete a multipart upload", origin, http.MethodPost, origin},
		{"to send a file from another origin", "https://stranger.example", http.MethodPut, ""},
		{"to fetch a file after a redirect", "null", http.MethodGet, "*"},
		{"to send a file after a redirect", "null", http.MethodPut, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequest(http.MethodOptions, at, nil)
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]string{
				"Origin": c.origin, "Access-Control-Request-Method": c.method, "Access-Control-Request-Headers": "content-type,x-api-key",
			} {
				req.Header.Set(name, value)
			}
			got := do(t, req)
			if allowed := got.header.Get("Access-Control-Allow-Origin"); allowed != c.allowed {
				t.Errorf("%d allows %q to do it, want %q\n%s", got.status, allowed, c.allowed, got.body)
			}
		})
	}
}

// checkGatewayResponses sends requests that API Gateway rejects.
func checkGatewayResponses(t *testing.T, out outputs) {
	t.Helper()
	key := map[string]string{"X-Api-Key": out.APIKey, "Content-Type": "application/json"}
	for _, c := range []struct {
		name, method, path, body string
		headers                  map[string]string
		want                     int
	}{
		{"no key", http.MethodGet, "/items", "", nil, http.StatusForbidden},
		{"no key for the health of the dependencies", http.MethodGet, "/health/details", "", nil, http.StatusForbidden},
		{"a wrong key", http.MethodGet, "/items", "", map[string]string{"X-Api-Key": "wrong"}, http.StatusForbidden},
		{"a body that does not match its model", http.MethodPost, "/files/a", `{"size":"much"}`, key, http.StatusUnprocessableEntity},
	} {
		t.Run(c.name, func(t *testing.T) {
			checkProblem(t, do(t, signed(out, newRequest(t, out, c.method, c.path, c.body, c.headers))), c.want)
		})
	}
	t.Run("a body that is too large", func(t *testing.T) {
		// The client signs none of this size. API Gateway reads it before it verifies the signature.
		req := newRequest(t, out, http.MethodPut, "/items/a", strings.Repeat("x", 10<<20+1), key)
		checkProblem(t, do(t, signedHeaders(t, awsConfig(out), sigv4.Service, req)), http.StatusRequestEntityTooLarge)
	})
	t.Run("more requests than the plan allows", func(t *testing.T) {
		got := untilThrottled(t, signed(out, newRequest(t, out, http.MethodGet, "/nothing", "", key)))
		checkProblem(t, got, http.StatusTooManyRequests)
		if got.header.Get("Retry-After") == "" {
			t.Error("it has no Retry-After")
		}
	})
}

// checkSeparateKeyThrottles uses up a key's throttle of a route. The other plan's key is not throttled, since the plan's throttle is
// below the stage's.
func checkSeparateKeyThrottles(t *testing.T, out outputs) {
	t.Helper()
	const path = "/files/never-made"
	got := untilThrottled(t, authenticated(out, newRequest(t, out, http.MethodGet, path, "", nil)))
	checkProblem(t, got, http.StatusTooManyRequests)
	printed, stderr, code := pulumi(t, out, repository(t), "stack", "output", "apiKeys", "--stack", out.Stack, "--json", "--show-secrets")
	var keys map[string]string
	if err := json.Unmarshal([]byte(printed), &keys); err != nil || code != 0 || keys["partner"] == "" {
		t.Fatalf("the keys of %s: exit %d, %v\n%s", out.Stack, code, err, stderr)
	}
	partner := newRequest(t, out, http.MethodGet, path, "", map[string]string{"X-Api-Key": keys["partner"]})
	checkProblem(t, do(t, signed(out, partner)), http.StatusNotFound)
}

// untilThrottled sends the request concurrently until a response has status 429. A slow machine may need a while to
// exceed the rate of the plan.
func untilThrottled(t *testing.T, req *http.Request) response {
	t.Helper()
	type outcome struct {
		response
		err error
	}
	outcomes, stop := make(chan outcome), make(chan struct{})
	var senders sync.WaitGroup
	for range 500 {
		senders.Go(func() {
			for {
				got, err := roundTrip(req.Clone(req.Context()))
				select {
				case outcomes <- outcome{got, err}:
				case <-stop:
					return
				}
			}
		})
	}
	defer senders.Wait()
	defer close(stop)
	for late := time.After(time.Minute); ; {
		select {
		case got := <-outcomes:
			if got.err != nil {
				t.Fatal(got.err)
			}
			if got.status == http.StatusTooManyRequests {
				return got.response
			}
		case <-late:
			t.Fatal("500 senders were not throttled within a minute")
		}
	}
}

func checkProblem(t *testing.T, got response, want int) {
	t.Helper()
	id := got.header.Get("X-Request-Id")
	if got.status != want || got.header.Get("Content-Type") != "application/problem+json" || id == "" || !strings.Contains(got.body, id) {
		t.Errorf("%d %v, want %d as a problem with the request's id\n%s", got.status, got.header, want, got.body)
	}
}
