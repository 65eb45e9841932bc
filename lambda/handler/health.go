package handler

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// checkTime bounds the check of one dependency.
const checkTime = 3 * time.Second

// dependency is the state of one part as /health shows it.
type dependency struct {
	Status    string  `json:"status"` // "ok" or "down"
	LatencyMS float64 `json:"latency_ms"`
}

// health asks all dependencies at once; any that is down makes it 503. Why it
// is down is for the log only.
func (h *Handler) health(ctx context.Context, _ *request) (*response, error) {
	shown := struct {
		Status       string                `json:"status"`
		Version      string                `json:"version"`
		Dependencies map[string]dependency `json:"dependencies"`
	}{Status: "ok", Version: h.Version, Dependencies: make(map[string]dependency, len(h.Health))}
	status := http.StatusOK
	var mu sync.Mutex
	var checks sync.WaitGroup
	for name, check := range h.Health {
		checks.Go(func() {
			state, err := examine(ctx, check)
			mu.Lock()
			defer mu.Unlock()
			shown.Dependencies[name] = state
			if err != nil {
				shown.Status, status = "down", http.StatusServiceUnavailable
				h.Log.LogAttrs(ctx, slog.LevelError, "dependency down",
					slog.String("dependency", name), slog.String("error", err.Error()))
			}
		})
	}
	checks.Wait()
	answer, err := jsonResponse(status, shown)
	if err != nil {
		return nil, err
	}
	answer.header.Set("Cache-Control", "no-store")
	return answer, nil
}

func examine(ctx context.Context, check func(context.Context) error) (dependency, error) {
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	began := time.Now()
	err := check(ctx)
	state := dependency{Status: "ok", LatencyMS: milliseconds(time.Since(began))}
	if err != nil {
		state.Status = "down"
	}
	return state, err
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
