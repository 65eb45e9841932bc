package lambdahost

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnInvocationAcceptsOneResponse(t *testing.T) {
	large := strings.Repeat("x", MaxResponse+1)
	for name, first := range map[string]struct {
		path, body string
		status     int
	}{
		"a response":                {"response", large[1:], http.StatusAccepted},
		"an error":                  {"error", `{"errorType":"e"}`, http.StatusAccepted},
		"a response over the limit": {"response", large, http.StatusRequestEntityTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			inv := newInvocation(Function{}, Request{}, false)
			api := (&environment{current: inv}).runtimeAPI()
			post := func(id, path, body string) int {
				w := httptest.NewRecorder()
				api.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/2018-06-01/runtime/invocation/"+id+"/"+path, strings.NewReader(body)))
				return w.Code
			}
			if got := post("another", "error", "{}"); got != http.StatusBadRequest {
				t.Errorf("an error for another invocation gets %d", got)
			}
			if got := post(inv.id, first.path, first.body); got != first.status {
				t.Errorf("it gets %d, want %d", got, first.status)
			}
			for _, path := range []string{"response", "error"} {
				if got := post(inv.id, path, "{}"); got != http.StatusForbidden {
					t.Errorf("a further %s gets %d", path, got)
				}
			}
		})
	}
}
