package restapi

import (
	"context"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

func TestAnIntegrationWithAFunctionUnderADebuggerHasNoTimeout(t *testing.T) {
	for name, test := range map[string]struct {
		debugged string
		atLeast  time.Duration
		atMost   time.Duration
	}{
		"its own function": {"f", 23 * time.Hour, 24 * time.Hour},
		"another function": {"g", 0, DefaultTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, nil)
			var left time.Duration
			invoker := &fakeInvoker{invoke: func(ctx context.Context) (lambdahost.Response, error) {
				deadline, _ := ctx.Deadline()
				left = time.Until(deadline)
				return lambdahost.Response{Payload: []byte(`{"statusCode":200}`)}, nil
			}}
			server := httptest.NewServer(New(Config{
				Store: f.store, Invoker: invoker, Untimed: func(function string) bool { return function == test.debugged },
			}))
			defer server.Close()
			f.url = server.URL
			if got := f.send(t, "GET", "/api1/v1/slow", ""); got.status != 200 {
				t.Fatalf("status %d", got.status)
			}
			if left < test.atLeast || left > test.atMost {
				t.Errorf("%s are left for the function", left)
			}
		})
	}
}
