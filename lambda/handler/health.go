package handler

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

const (
	// checkTime bounds the check of one dependency.
	checkTimeout = 3 * time.Second
	// checkAge is how long the results of the checks are used again: whoever asks
	// more often, and anybody may, costs the dependencies one round of checks a
	// second for each execution environment.
	maxResultAge = time.Second
)

// dependency is the state of one part as /health/details shows it.
type dependencyState struct {
	Status    string  `json:"status"` // "ok" or "down"
	LatencyMS float64 `json:"latency_ms"`
}

// Checkup checks the dependencies and keeps the results for checkAge. One request
// at a time has the lock, while its checks run, so that concurrent ones share them.
type HealthChecker struct {
	checks map[string]func(context.Context) error

	lock    chan struct{} // has room for one
	at      time.Time     // wall clock: a frozen environment's monotonic clock may stand still
	results map[string]dependencyState
}

// NewCheckup returns a Checkup of the dependencies that have these checks.
func NewHealthChecker(checks map[string]func(context.Context) error) *HealthChecker {
	return &HealthChecker{checks: checks, lock: make(chan struct{}, 1)}
}

// health answers anybody, so it says no more than whether all dependencies work.
func (h *Handler) health(ctx context.Context, _ *request) (*response, error) {
	_, status, code := h.check(ctx)
	return noStoreResponse(code, struct {
		Status string `json:"status"`
	}{status})
}

// healthDetails answers the holders of a key: the state of every dependency, and
// the version. Why one is down is for the log only.
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

// check returns the state of every dependency, at most checkAge old, and what
// follows from it: any that is down makes it 503.
func (h *Handler) check(ctx context.Context) (results map[string]dependencyState, status string, code int) {
	results, status, code = h.Health.latestResults(ctx, h.Log), "ok", http.StatusOK
	for _, state := range results {
		if state.Status != "ok" {
			status, code = "down", http.StatusServiceUnavailable
		}
	}
	return results, status, code
}

// latest returns the last results, or new ones if they are too old. Nobody
// changes what it returns.
func (c *HealthChecker) latestResults(ctx context.Context, log *slog.Logger) map[string]dependencyState {
	c.lock <- struct{}{}
	defer func() { <-c.lock }()
	if age := wallClock().Sub(c.at); c.results == nil || age < 0 || age >= maxResultAge {
		// The results are shared, so they do not depend on how much time the first
		// request has left; checkTime bounds them.
		c.results, c.at = c.runChecks(context.WithoutCancel(ctx), log), wallClock()
	}
	return c.results
}

func wallClock() time.Time { return time.Now().Round(0) }

// all checks all dependencies at once.
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

// examine ends with checkTime, whether or not the check heeds its context.
func runCheck(ctx context.Context, check func(context.Context) error) (dependencyState, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
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
