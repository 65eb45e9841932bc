// Package steps measures what a request waits for: how often it called each dependency, when first, and for how long.
package steps

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// Dependency is what a request calls.
type Dependency int

// The dependencies. Secrets is Secrets Manager, which is called within the first calls of Cache and Database.
const (
	Cache Dependency = iota
	Database
	Files
	Secrets
	dependencies
)

var names = [dependencies]string{"cache", "database", "files", "secrets"}

// Recorder has the calls of one request. It is safe for concurrent use. The zero value is not ready for use.
type Recorder struct {
	began time.Time
	mu    sync.Mutex
	calls [dependencies]calls
}

// calls are those of one dependency.
type calls struct {
	count   int
	first   time.Duration // since the request's begin
	running int
	since   time.Duration // when the first one that runs began
	busy    time.Duration // while at least one ran
}

type recorderKey struct{}

// WithRecorder returns a context whose calls are recorded from now on.
func WithRecorder(ctx context.Context) (context.Context, *Recorder) {
	recorder := &Recorder{began: time.Now()}
	return context.WithValue(ctx, recorderKey{}, recorder), recorder
}

// Call is a call that runs. The zero value is not recorded.
type Call struct {
	recorder   *Recorder
	dependency Dependency
}

// Begin records that a call begins. Without a recorder in ctx it does nothing.
func Begin(ctx context.Context, d Dependency) Call {
	recorder, _ := ctx.Value(recorderKey{}).(*Recorder)
	if recorder != nil {
		recorder.begin(d)
	}
	return Call{recorder, d}
}

// End records that the call has ended.
func (c Call) End() {
	if c.recorder != nil {
		c.recorder.end(c.dependency)
	}
}

func (r *Recorder) begin(d Dependency) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of, now := &r.calls[d], time.Since(r.began)
	if of.count == 0 {
		of.first = now
	}
	if of.running == 0 {
		of.since = now
	}
	of.count++
	of.running++
}

func (r *Recorder) end(d Dependency) {
	r.mu.Lock()
	defer r.mu.Unlock()
	of := &r.calls[d]
	if of.running--; of.running == 0 {
		of.busy += time.Since(r.began) - of.since
	}
}

// Attributes returns a group for each dependency that was called, for the log. Calls that run count until now.
func (r *Recorder) Attributes() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []any
	for d, of := range r.calls {
		if of.count == 0 {
			continue
		}
		busy := of.busy
		if of.running > 0 {
			busy += time.Since(r.began) - of.since
		}
		all = append(all, slog.Group(names[d], slog.Int("calls", of.count), slog.Float64("start_ms", milliseconds(of.first)), slog.Float64("ms", milliseconds(busy))))
	}
	return all
}

// milliseconds has the digits of a microsecond, so that a line is short.
func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
