package transport

import (
	"context"
	"math/rand/v2"
	"net/http"
	"time"
)

// Outcome is what the tries of a request have shown.
type Outcome struct {
	// Uncertain is whether a try before the last may have been done although its response said otherwise or was lost.
	Uncertain bool

	last bool
}

type outcomeKey struct{}

// Observe returns a context whose next request reports its outcome. A request has one of its own.
func Observe(ctx context.Context) (context.Context, *Outcome) {
	outcome := &Outcome{}
	return context.WithValue(ctx, outcomeKey{}, outcome), outcome
}

func outcomeOf(ctx context.Context) *Outcome {
	if outcome, ok := ctx.Value(outcomeKey{}).(*Outcome); ok {
		return outcome
	}
	return &Outcome{}
}

// record notes the result of a try.
func (o *Outcome) record(response *http.Response, err error) {
	o.Uncertain = o.Uncertain || o.last
	o.last = err != nil && !unsent(err) || err == nil && response.StatusCode >= http.StatusInternalServerError
}

type oneTryKey struct{}

// WithoutRetries returns a context whose requests are tried once.
func WithoutRetries(ctx context.Context) context.Context {
	return context.WithValue(ctx, oneTryKey{}, true)
}

func withoutRetries(ctx context.Context) bool { return ctx.Value(oneTryKey{}) != nil }

type streamedKey struct{}

// Streamed returns a context whose requests have their response's body as it arrives, in place of the complete one.
func Streamed(ctx context.Context) context.Context {
	return context.WithValue(ctx, streamedKey{}, true)
}

func streamed(ctx context.Context) bool { return ctx.Value(streamedKey{}) != nil }

// jitter is a random time, of up to a half of a pause and at least half a second, that is added to what Retry-After
// asks: clients that were rejected together do not return together.
func jitter(pause time.Duration) time.Duration {
	return rand.N(max(pause, time.Second)/2 + 1)
}
