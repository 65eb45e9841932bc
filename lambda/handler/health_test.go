package handler_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/handler"
)

// dependencies are checks that count their calls; the cache's fails with failure.
type dependencies struct {
	calls   atomic.Int32
	failure error
	takes   time.Duration
}

func (d *dependencies) handler(log *strings.Builder) *handler.Handler {
	check := func(err func() error) func(context.Context) error {
		return func(context.Context) error {
			d.calls.Add(1)
			time.Sleep(d.takes)
			return err()
		}
	}
	return &handler.Handler{
		Version: "7",
		Log:     slog.New(slog.NewJSONHandler(log, nil)),
		Health: handler.NewHealthChecker(map[string]func(context.Context) error{
			"database": check(func() error { return nil }),
			"cache":    check(func() error { return d.failure }),
		}),
	}
}

func TestHealthWithoutAKeyReportsOnlyTheOverallStatus(t *testing.T) {
	for _, tt := range []struct {
		name       string
		failure    error
		status     int
		withoutKey string
		holders    string
	}{
		{"every dependency works", nil, 200, `{"status":"ok"}`, `{"status":"ok","version":"7","dependencies":{"cache":{"status":"ok",`},
		{"one is down", errors.New("10.0.0.7 refused"), 503, `{"status":"down"}`, `{"status":"down","version":"7","dependencies":{"cache":{"status":"down",`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var log strings.Builder
			h := (&dependencies{failure: tt.failure}).handler(&log)
			withoutKey := do(t, h, event("GET", "/health", nil, nil, ""))
			if withoutKey.status != tt.status || withoutKey.header.Get("Cache-Control") != "no-store" || withoutKey.body != tt.withoutKey+"\n" {
				t.Errorf("without a key: %d %v %s, want %d %s", withoutKey.status, withoutKey.header, withoutKey.body, tt.status, tt.withoutKey)
			}
			holder := do(t, h, event("GET", "/health/details", nil, nil, ""))
			if holder.status != tt.status || holder.header.Get("Cache-Control") != "no-store" || !strings.HasPrefix(holder.body, tt.holders) || strings.Contains(holder.body, "10.0.0.7") {
				t.Errorf("with a key: %d %v %s, want %d %s", holder.status, holder.header, holder.body, tt.status, tt.holders)
			}
			if tt.failure != nil && !strings.Contains(log.String(), "10.0.0.7") {
				t.Error("the log does not have the reason")
			}
		})
	}
}

// A hundred requests a second cost the dependencies one round of checks a second.
func TestHealthChecksTheDependenciesOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d := &dependencies{}
		h := d.handler(&log)
		for range 300 {
			do(t, h, event("GET", "/health", nil, nil, ""))
			time.Sleep(10 * time.Millisecond)
		}
		if calls := d.calls.Load(); calls != 2*3 {
			t.Errorf("%d checks in three seconds, want one a second of each of two dependencies", calls)
		}
		d.failure = errors.New("refused")
		time.Sleep(time.Second)
		if got := do(t, h, event("GET", "/health", nil, nil, "")); got.status != 503 {
			t.Errorf("a second after the cache failed: %d", got.status)
		}
	})
}

func TestConcurrentHealthRequestsShareOneRoundOfChecks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		d := &dependencies{takes: 500 * time.Millisecond}
		h := d.handler(&log)
		var asking sync.WaitGroup
		for _, path := range []string{"/health", "/health/details", "/health", "/health/details"} {
			asking.Go(func() {
				if got := do(t, h, event("GET", path, nil, nil, "")); got.status != 200 {
					t.Errorf("%s: %d", path, got.status)
				}
			})
		}
		asking.Wait()
		if calls := d.calls.Load(); calls != 2 {
			t.Errorf("%d checks for four requests at once, want 2", calls)
		}
	})
}

// The results are shared, so they must not depend on the remaining time of the request that started the checks.
func TestARequestCloseToItsDeadlineDoesNotFailTheChecksOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log strings.Builder
		h := (&dependencies{takes: 500 * time.Millisecond}).handler(&log)
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		defer cancel()
		if _, err := h.Serve(ctx, event("GET", "/health", nil, nil, "")); err != nil {
			t.Fatal(err)
		}
		if got := do(t, h, event("GET", "/health", nil, nil, "")); got.status != 200 {
			t.Errorf("the next request gets %d %s", got.status, got.body)
		}
	})
}

// A check that ignores its context would delay every later request too.
func TestACheckThatTimesOutIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		h := &handler.Handler{Log: slog.New(slog.DiscardHandler), Health: handler.NewHealthChecker(map[string]func(context.Context) error{
			"database": func(context.Context) error { <-hung; return nil },
		})}
		began := time.Now()
		got := do(t, h, event("GET", "/health", nil, nil, ""))
		if took := time.Since(began); got.status != 503 || got.body != `{"status":"down"}`+"\n" || took > 3*time.Second {
			t.Errorf("%d %s after %s", got.status, got.body, took)
		}
		close(hung)
	})
}
