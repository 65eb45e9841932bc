package handler_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// Whatever a call does, the response is complete before the platform's deadline.
func TestTheHandlerRespondsBeforeTheDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		timeout time.Duration // 0: none, so that API Gateway's counts
		atMost  time.Duration
	}{
		"of a usual function":    {10 * time.Second, 10 * time.Second},
		"of a short one":         {time.Second, time.Second},
		"of a very short one":    {100 * time.Millisecond, 100 * time.Millisecond},
		"of one with much time":  {5 * time.Minute, 29 * time.Second},
		"of the gateway, if any": {0, 29 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				h := &handler.Handler{
					Log: slog.New(slog.DiscardHandler),
					Items: items{get: func(string) (store.Item, cache.Status, error) {
						<-release // heeds no context
						return stored, cache.Miss, nil
					}},
				}
				ctx := t.Context()
				if test.timeout > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, test.timeout)
					defer cancel()
				}
				began := time.Now()
				served, _ := h.Serve(ctx, item("GET", "a", nil, ""))
				took, resp := time.Since(began), served.(events.APIGatewayProxyResponse)
				close(release)
				if resp.StatusCode != 503 || resp.Headers["Retry-After"] == "" || took >= test.atMost || took < test.timeout/4 && test.timeout < time.Minute {
					t.Errorf("%d after %s", resp.StatusCode, took)
				}
			})
		})
	}
}
