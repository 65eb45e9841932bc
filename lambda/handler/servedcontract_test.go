package handler_test

import (
	"encoding/json"
	"testing"

	"github.com/didomi/serverless-api/docs"
	"github.com/didomi/serverless-api/lambda/handler"
)

// The function serves docs/openapi.json, which a test of the program holds to the API's definition.
func TestTheContractIsServedAsItIsDocumented(t *testing.T) {
	h := &handler.Handler{Contract: handler.NewContract(docs.Contract)}
	whole := do(t, h, event("GET", "/openapi.json", nil, nil, ""))
	tag := whole.header.Get("ETag")
	whole.expect(t, 200, map[string]string{"Content-Type": "application/json", "Cache-Control": "public, max-age=300"})
	if whole.body != string(docs.Contract) || !json.Valid([]byte(whole.body)) {
		t.Errorf("the body has %d bytes, docs/openapi.json %d", len(whole.body), len(docs.Contract))
	}
	for _, test := range []struct {
		name, header, value string
		status              int
	}{
		{"it is not sent again", "If-None-Match", tag, 304},
		{"a changed one is sent", "If-None-Match", `"other"`, 200},
		{"a condition on another one fails", "If-Match", `"other"`, 412},
		{"a malformed condition is rejected", "If-Match", "other", 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := do(t, h, event("GET", "/openapi.json", nil, map[string]string{test.header: test.value}, ""))
			got.expect(t, test.status, nil)
			if test.status == 304 && (got.body != "" || got.header.Get("ETag") != tag || got.header.Get("Cache-Control") != "public, max-age=300") {
				t.Errorf("304 with %v %q", got.header, got.body)
			}
			if test.status >= 400 && got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("an error with Cache-Control %q", got.header.Get("Cache-Control"))
			}
		})
	}
	t.Run("another text has another entity tag", func(t *testing.T) {
		other := &handler.Handler{Contract: handler.NewContract([]byte(`{}`))}
		if got := do(t, other, event("GET", "/openapi.json", nil, nil, "")).header.Get("ETag"); got == tag || got == "" {
			t.Errorf("%q", got)
		}
	})
}
