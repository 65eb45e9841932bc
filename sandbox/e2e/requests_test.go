package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/docs"
)

// response is a response with its complete body.
type response struct {
	status int
	header http.Header
	body   string
}

// httpClient has a timeout well above the platform's limit of 29 s.
var httpClient = &http.Client{
	Timeout:       2 * time.Minute,
	Transport:     roundTripper(sign),
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
}

// request sends one request to the stack's URL.
func request(t *testing.T, out outputs, method, path, body string) response {
	t.Helper()
	req, err := http.NewRequest(method, out.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return do(t, authenticated(out, req))
}

// do sends a request and reads the response.
func do(t *testing.T, req *http.Request) response {
	t.Helper()
	got, err := roundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// roundTrip is do for goroutines, which must not end the test.
func roundTrip(req *http.Request) (response, error) {
	res, err := httpClient.Do(req)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return response{}, err
	}
	return response{status: res.StatusCode, header: res.Header, body: string(text)}, nil
}

// item reads an item and checks status, X-Cache, unless it is empty, and value.
func item(t *testing.T, out outputs, id, xCache, value string) {
	t.Helper()
	got := request(t, out, http.MethodGet, "/items/"+id, "")
	if got.status != http.StatusOK || xCache != "" && got.header.Get("X-Cache") != xCache {
		t.Fatalf("GET /items/%s: %d, X-Cache %q, want 200 and %q\n%s", id, got.status, got.header.Get("X-Cache"), xCache, got.body)
	}
	var parsed struct {
		ID   string `json:"id"`
		Body struct {
			N string `json:"n"`
		} `json:"body"`
		UpdatedAt time.Time `json:"updated_at"`
	}
	if err := json.Unmarshal([]byte(got.body), &parsed); err != nil {
		t.Fatalf("%v in %s", err, got.body)
	}
	if parsed.ID != id || parsed.Body.N != value || parsed.UpdatedAt.IsZero() {
		t.Fatalf("GET /items/%s: got %s, want value %q", id, got.body, value)
	}
}

// checkItems tests the life of an item: created, cache miss, cache hit, replaced, deleted.
func checkItems(t *testing.T, out outputs) {
	t.Helper()
	put := func(value string, want int) {
		t.Helper()
		if got := request(t, out, http.MethodPut, "/items/e2e-1", `{"n":"`+value+`"}`); got.status != want {
			t.Fatalf("PUT: %d, want %d\n%s", got.status, want, got.body)
		}
	}
	// An earlier check may have created it.
	if got := request(t, out, http.MethodDelete, "/items/e2e-1", ""); got.status != http.StatusNoContent && got.status != http.StatusNotFound {
		t.Fatalf("DELETE: %d\n%s", got.status, got.body)
	}
	put("one", http.StatusCreated)
	item(t, out, "e2e-1", "miss", "one")
	item(t, out, "e2e-1", "hit", "one")
	put("two", http.StatusOK)
	item(t, out, "e2e-1", "miss", "two")
	item(t, out, "e2e-1", "hit", "two")

	if got := request(t, out, http.MethodGet, "/items?limit=10", ""); got.status != http.StatusOK || !strings.Contains(got.body, "e2e-1") {
		t.Fatalf("GET /items: %d %s", got.status, got.body)
	}
	if got := send(t, out, http.MethodGet, "/health", "", nil); got.status != http.StatusOK || strings.TrimSpace(got.body) != `{"status":"ok"}` {
		t.Fatalf("GET /health: %d %s", got.status, got.body)
	}
	if got := send(t, out, http.MethodGet, "/openapi.json", "", nil); got.status != http.StatusOK || got.body != string(docs.Contract) {
		t.Fatalf("GET /openapi.json: %d, %d bytes that are not those of docs/openapi.json", got.status, len(got.body))
	}
	if got := request(t, out, http.MethodGet, "/health/details", ""); got.status != http.StatusOK || !strings.Contains(got.body, `"database":{"status":"ok"`) {
		t.Fatalf("GET /health/details: %d %s", got.status, got.body)
	}
}

// checkLongPage lists items with the longest encoding: tabs, which took six bytes each in the function's response, so
// that eight items of 256 KiB exceeded Lambda's limit.
func checkLongPage(t *testing.T, out outputs) {
	t.Helper()
	const items = 8
	c := newClient(t, out)
	for i := range items {
		id := fmt.Sprint("e2e-long-", i)
		if _, err := c.PutItem(t.Context(), id, json.RawMessage("1"+strings.Repeat("\t", 256<<10-1)), client.Always()); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.DeleteItem(context.WithoutCancel(t.Context()), id, client.Always()) }()
	}
	seen := 0
	for item, err := range c.Items(t.Context(), 100) {
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(item.Id, "e2e-long-") {
			seen++
		}
	}
	if seen != items {
		t.Fatalf("the pages have %d of %d items", seen, items)
	}
}

// checkInvalidRequests sends requests for missing resources and with invalid bodies.
func checkInvalidRequests(t *testing.T, out outputs) {
	t.Helper()
	for _, c := range []struct {
		name, method, path, body string
		want                     int
	}{
		{"an unknown path is not found", http.MethodGet, "/nothing", "", http.StatusNotFound},
		{"an unknown item is not found", http.MethodGet, "/items/never-made", "", http.StatusNotFound},
		{"an unsupported method is not allowed", http.MethodPatch, "/items/e2e-1", `{}`, http.StatusMethodNotAllowed},
		{"an unknown file is not found", http.MethodGet, "/files/never-made", "", http.StatusNotFound},
		{"a body that is not JSON is rejected", http.MethodPut, "/items/e2e-1", `{"n":`, http.StatusUnprocessableEntity},
		{"a body that is not UTF-8 is rejected", http.MethodPut, "/items/e2e-1", "{\"n\":\"\xff\"}", http.StatusUnprocessableEntity},
		{"a number that is not a double is rejected", http.MethodPut, "/items/e2e-1", `{"n":1e999}`, http.StatusUnprocessableEntity},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := request(t, out, c.method, c.path, c.body)
			if got.status != c.want {
				t.Fatalf("%s %s: %d, want %d\n%s", c.method, c.path, got.status, c.want, got.body)
			}
			if !strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("Content-Type %q, want application/problem+json\n%s", got.header.Get("Content-Type"), got.body)
			}
		})
	}
}
