package handler

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/didomi/serverless-api/lambda/internal/limit"
)

const (
	// checkTimeout bounds the check of one dependency.
	checkTimeout = 3 * time.Second
	// maxResultAge is how long results are reused: however often clients call, which needs no key, the
	// dependencies are checked once a second by each execution environment.
	maxResultAge = time.Second
)

// dependencyState is the state of a dependency in /health/details.
type dependencyState struct {
	Status    string  `json:"status"` // "ok" or "down"
	LatencyMS float64 `json:"latency_ms"`
}

// HealthChecker checks the dependencies and caches the results for maxResultAge. The lock is held while checks run,
// so that concurrent requests share them.
type HealthChecker struct {
	checks map[string]func(context.Context) error

	lock    chan struct{} // of capacity 1
	at      time.Time     // wall clock: a frozen environment's monotonic clock may stand still
	results map[string]dependencyState
}

// NewHealthChecker returns a HealthChecker of the dependencies with these checks.
func NewHealthChecker(checks map[string]func(context.Context) error) *HealthChecker {
	return &HealthChecker{checks: checks, lock: make(chan struct{}, 1)}
}

// health needs no key, so it reports nothing but whether all dependencies work.
func (h *Handler) health(ctx context.Context, _ *request) (*response, error) {
	_, status, code := h.check(ctx)
	return noStoreResponse(code, struct {
		Status string `json:"status"`
	}{status})
}

// healthDetails needs a key: it reports the version and the state of every dependency. Causes are only logged.
func (h *Handler) healthDetails(ctx context.Context, _ *request) (*response, error) {
	results, status, code := h.check(ctx)
	return noStoreResponse(code, struct {
		Status       string                     `json:"status"`
		Version      string                     `json:"version"`
		Dependencies map[string]dependencyState `json:"dependencies"`
	}{status, h.Version, results})
}

func noStoreResponse(code int, value any) (*response, error) {
	resp, err := jsonResponse(code, value)
	if err != nil {
		return nil, err
	}
	resp.header.Set("Cache-Control", "no-store")
	return resp, nil
}

// check returns the state of every dependency, at most maxResultAge old, and the overall status: 503 if any is down.
func (h *Handler) check(ctx context.Context) (results map[string]dependencyState, status string, code int) {
	results, status, code = h.Health.latestResults(ctx, h.Log), "ok", http.StatusOK
	for _, state := range results {
		if state.Status != "ok" {
			status, code = "down", http.StatusServiceUnavailable
		}
	}
	return results, status, code
}

// latestResults returns the cached results, or new ones if they are too old. The caller must not modify them.
func (c *HealthChecker) latestResults(ctx context.Context, log *slog.Logger) map[string]dependencyState {
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	if age := wallClock().Sub(c.at); c.results == nil || age < 0 || age >= maxResultAge {
		// The results are shared, so they must not depend on the remaining time of one request; checkTimeout
		// bounds them.
		c.results, c.at = c.runChecks(context.WithoutCancel(ctx), log), wallClock()
	}
	return c.results
}

func wallClock() time.Time { return time.Now().Round(0) }

// runChecks checks all dependencies concurrently.
func (c *HealthChecker) runChecks(ctx context.Context, log *slog.Logger) map[string]dependencyState {
	results := make(map[string]dependencyState, len(c.checks))
	var mu sync.Mutex
	var checks sync.WaitGroup
	for name, check := range c.checks {
		checks.Go(func() {
			state, err := runCheck(ctx, check)
			mu.Lock()
			defer mu.Unlock()
			results[name] = state
			if err != nil {
				log.LogAttrs(ctx, slog.LevelError, "dependency down",
					slog.String("dependency", name), slog.String("error", err.Error()))
			}
		})
	}
	checks.Wait()
	return results
}

// runCheck returns after checkTimeout even if the check ignores its context.
func runCheck(ctx context.Context, check func(context.Context) error) (dependencyState, error) {
	ctx, cancel := context.WithTimeout(ctx, limit.Of(checkTimeout))
	defer cancel()
	began, checked := time.Now(), make(chan error, 1)
	go func() { checked <- check(ctx) }()
	var err error
	select {
	case err = <-checked:
	case <-ctx.Done():
		err = ctx.Err()
	}
	state := dependencyState{Status: "ok", LatencyMS: milliseconds(time.Since(began))}
	if err != nil {
		state.Status = "down"
	}
	return state, err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
