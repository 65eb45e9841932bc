package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
)

// checkProblemStatus checks that the response is a problem with this status.
func checkProblemStatus(t *testing.T, got response, want int) {
	t.Helper()
	if got.status != want || got.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%d %s, want %d as a problem\n%s", got.status, got.header.Get("Content-Type"), want, got.body)
	}
}

// checkPaths sends other spellings of the paths of an item and a file: none of them reads, changes or deletes them. API
// Gateway's path parameters lack the slashes at the end of a path.
func checkPaths(t *testing.T, out outputs) {
	t.Helper()
	if got := request(t, out, http.MethodPut, "/items/e2e-path", `{"n":"mine"}`); got.status >= http.StatusMultipleChoices {
		t.Fatalf("PUT: %d\n%s", got.status, got.body)
	}
	sendPresigned(t, requestUpload(t, out, "e2e/path", len("mine")).presigned, "mine")
	for _, path := range []string{"/items/e2e-path/", "/items/e2e-path//", "/items//e2e-path", "/items/e2e-path%2F", "/items/%2e%2e", "/items/e2e%2Dpath/"} {
		t.Run("an item as "+path, func(t *testing.T) {
			checkProblemStatus(t, request(t, out, http.MethodGet, path, ""), http.StatusNotFound)
			if got := request(t, out, http.MethodPut, path, `{"n":"other"}`); got.status < http.StatusBadRequest || got.status >= http.StatusInternalServerError {
				t.Errorf("PUT: %d\n%s", got.status, got.body)
			}
			checkProblemStatus(t, request(t, out, http.MethodDelete, path, ""), http.StatusNotFound)
		})
	}
	for _, path := range []string{"/files/e2e/path/", "/files/e2e/path//", "/files//e2e/path", "/files/e2e//path", "/files/e2e/path%2F", "/files/e2e/%2e/path", "/files/x/%2e%2e/e2e/path"} {
		t.Run("a file as "+path, func(t *testing.T) {
			checkProblemStatus(t, request(t, out, http.MethodGet, path, ""), http.StatusNotFound)
			checkProblemStatus(t, request(t, out, http.MethodPost, path, `{"size":5}`), http.StatusUnprocessableEntity)
		})
	}
	for _, path := range []string{"/items/", "/health/", "/files/"} {
		t.Run("no resource as "+path, func(t *testing.T) {
			checkProblemStatus(t, request(t, out, http.MethodGet, path, ""), http.StatusNotFound)
		})
	}
	for _, path := range []string{"/items/e2e%2Dpath", "//items/e2e-path"} {
		t.Run("the item as "+path, func(t *testing.T) {
			if got := request(t, out, http.MethodGet, path, ""); got.status != http.StatusOK || !strings.Contains(got.body, `"mine"`) {
				t.Errorf("%d %s", got.status, got.body)
			}
		})
	}
	// S3 treats two Unicode forms of a name as two keys.
	for _, key := range []string{"e2e/%C3%A9", "e2e/e%CC%81", "e2e/a+b%20c%2Bd%25"} {
		t.Run("the file "+key, func(t *testing.T) {
			sendPresigned(t, requestUpload(t, out, key, len(key)).presigned, key)
			if got := request(t, out, http.MethodGet, "/files/"+key, ""); got.body != key {
				t.Errorf("%d %q", got.status, got.body)
			}
		})
	}
}

// checkConditions sends malformed conditions, and conditions that cannot be evaluated: none of the requests has an
// effect.
func checkConditions(t *testing.T, out outputs) {
	t.Helper()
	const date = "Fri, 02 Jan 2026 03:04:05 GMT"
	if got := request(t, out, http.MethodPut, "/items/e2e-condition", `{"n":"first"}`); got.status >= http.StatusMultipleChoices {
		t.Fatalf("PUT: %d\n%s", got.status, got.body)
	}
	for _, c := range []struct{ method, path, body, name, value string }{
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "If-None-Match", "nonsense"},
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "If-None-Match", `*, "a"`},
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "If-Match", `"a`},
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "If-Unmodified-Since", date},
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "If-Modified-Since", "yesterday"},
		{http.MethodPut, "/items/e2e-condition", `{"n":"second"}`, "Content-Range", "bytes 0-1/2"},
		{http.MethodDelete, "/items/e2e-condition", "", "If-None-Match", "nonsense"},
		{http.MethodDelete, "/items/e2e-condition", "", "If-Unmodified-Since", date},
		{http.MethodGet, "/items/e2e-condition", "", "If-None-Match", "nonsense"},
		{http.MethodGet, "/items", "", "If-Match", "nonsense"},
		{http.MethodGet, "/files/e2e/path", "", "If-Range", "nonsense"},
		{http.MethodPost, "/files/e2e/path", `{"size":5}`, "If-None-Match", "*"},
	} {
		t.Run(c.method+" "+c.path+" with "+c.name+" "+c.value, func(t *testing.T) {
			got := do(t, authenticated(out, newRequest(t, out, c.method, c.path, c.body, map[string]string{c.name: c.value, "Content-Type": "application/json"})))
			checkProblemStatus(t, got, http.StatusBadRequest)
			if !strings.Contains(got.body, c.name) {
				t.Errorf("it does not name %s\n%s", c.name, got.body)
			}
		})
	}
	if got := request(t, out, http.MethodGet, "/items/e2e-condition", ""); !strings.Contains(got.body, `"first"`) {
		t.Errorf("the item is %d %s", got.status, got.body)
	}
	for _, path := range []string{"/items/e2e-condition", "/items", "/health"} {
		if got := request(t, out, http.MethodHead, path, ""); got.status != http.StatusOK || got.body != "" {
			t.Errorf("HEAD %s: %d %q", path, got.status, got.body)
		}
	}
}

// checkAccessLog sends headers that could forge fields, and checks the request's line.
func checkAccessLog(t *testing.T, out outputs) {
	t.Helper()
	const forged = `x","status":"200","errorType":"NONE`
	got := do(t, authenticated(out, newRequest(t, out, http.MethodGet, "/items/never%22made", "", map[string]string{
		"User-Agent": forged, "X-Amzn-Trace-Id": "Root=" + forged, "X-Amzn-Requestid": forged, "X-Forwarded-For": forged, "Referer": forged,
	})))
	checkProblemStatus(t, got, http.StatusNotFound)
	text, err := os.ReadFile(sandboxLayout(t).Log("access"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if !strings.Contains(line, got.header.Get("X-Amz-Apigw-Id")) {
			continue
		}
		_, entry, _ := strings.Cut(line, " ")
		var fields map[string]string
		if err := json.Unmarshal([]byte(entry), &fields); err != nil {
			t.Fatalf("%v in %s", err, entry)
		}
		if fields["status"] != fmt.Sprint(got.status) || fields["errorType"] != "-" || strings.Contains(entry, "NONE") {
			t.Errorf("%s for a request with response status %d", entry, got.status)
		}
		return
	}
	t.Errorf("no line has %s", got.header.Get("X-Amz-Apigw-Id"))
}
