package e2e

import (
	"net/http"
	"testing"
)

// requestCheck sends requests to a deployed stack.
type requestCheck struct {
	name string
	run  func(t *testing.T, out outputs)
}

// TestRequests sends the requests of TestEndToEnd to the stack that came up last. `make requests` runs it.
func TestRequests(t *testing.T) {
	out := lastOutputs(t)
	for _, check := range requestChecks() {
		t.Run(out.Stack+": "+check.name, func(t *testing.T) { check.run(t, out) })
	}
}

// requestChecks returns the checks that need one deployed stack and change only its data.
func requestChecks() []requestCheck {
	return []requestCheck{
		{"an item is read through Redis from PostgreSQL", func(t *testing.T, out outputs) {
			checkItems(t, out)
			checkRow(t, out, "e2e-1", "two")
			checkKey(t, out, "e2e-1")
		}},
		{"items with the longest encoding fit into pages", checkLongPage},
		{"unknown paths and invalid requests get a problem+json response", checkInvalidRequests},
		{"only pages of the stack's origins may call the API and follow its redirects to S3", checkOrigins},
		{"a file of 64 MiB is streamed in bounded memory", checkStream},
		{"files are uploaded with the API's presigned requests", checkUpload},
		{"the client resumes an upload in parts and a download", checkClientFiles},
		{"the client knows what its writes have done whose responses are lost", checkLostResponses},
		{"each spelling of a path addresses one resource or none", checkPaths},
		{"a request with a condition that cannot be evaluated is rejected", checkConditions},
		{"a client cannot forge fields of the access log", checkAccessLog},
		{"an operator finds the lines of a request, reads the status and brings back a deleted file", checkOperating},
	}
}

// checkOrigins checks CORS for the origins in the stack's file; a stack without origins allows none.
func checkOrigins(t *testing.T, out outputs) {
	t.Helper()
	api, _ := readStackFile(t, out.ConfigFile).Config["didomi:api"].(map[string]any)
	origins, _ := api["corsOrigins"].([]any)
	for _, origin := range origins {
		checkPages(t, out, origin.(string))
		checkPagesAtBucket(t, out, origin.(string))
	}
	if len(origins) > 0 {
		return
	}
	got := send(t, out, http.MethodOptions, "/items/1", "", map[string]string{"Origin": "https://stranger.example"})
	if allowed := got.header.Get("Access-Control-Allow-Origin"); allowed != "" {
		t.Errorf("%d lets %q read it, want no origin", got.status, allowed)
	}
}
