package handler

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/store"
)

// Items is where items are; *cache.Items is one.
type Items interface {
	Get(ctx context.Context, id string) (store.Item, cache.Status, error)
	List(ctx context.Context, after string, limit, maxBytes int) (store.Page, error)
	Put(ctx context.Context, id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error)
	Delete(ctx context.Context, id string, condition store.Condition) error
}

// Files is where files are; *files.Bucket is one.
type Files interface {
	Open(ctx context.Context, key, rng, etag string) (files.Object, error)
	Stat(ctx context.Context, key string) (files.Object, error)
	Link(ctx context.Context, key string) (string, error)
	Upload(ctx context.Context, key string, size int64, contentType string) (files.Upload, error)
}

// Handler answers requests. Its fields are set once, before the first one.
type Handler struct {
	Items   Items
	Files   Files
	Health  map[string]func(context.Context) error // a check for each dependency
	Version string                                 // reported by /health
	Origins []string                               // whose pages may call; "*": all
	Log     *slog.Logger
}

const (
	// bufferedTime bounds the work for an answer in one piece: API Gateway
	// gives an integration 29 s unless told otherwise (Amazon API Gateway
	// quotas, "integration timeout"), and margin comes on top.
	bufferedTime = 27 * time.Second
	// margin is kept of the invocation's time to invalidate the cache, which
	// is done at any rate and within a second, and to send the answer.
	margin = 1500 * time.Millisecond
)

// Serve answers one request of API Gateway: with a stream on the routes that
// the API defines as streaming, else with an answer in one piece. Its error
// is always nil: whatever fails is an answer.
func (h *Handler) Serve(ctx context.Context, event events.APIGatewayProxyRequest) (any, error) {
	r := newRequest(ctx, event)
	ctx, cancel := bounded(ctx, r.streams())
	answer := h.answer(ctx, r)
	answer.header.Set("X-Request-Id", r.id)
	answer.header.Set("X-Content-Type-Options", "nosniff")
	h.allowOrigin(r, answer)
	done := func(sent int64, err error) {
		cancel()
		h.record(ctx, r, answer, sent, err)
	}
	if r.streams() {
		return answer.streamed(done), nil
	}
	done(int64(len(answer.body)), nil)
	return answer.buffered(), nil
}

// answer never fails: an error or a panic becomes a problem.
func (h *Handler) answer(ctx context.Context, r *request) (answer *response) {
	defer func() {
		if panicked := recover(); panicked != nil {
			answer = problem(r, nil, crash(panicked))
		}
	}()
	handle, allowed := h.find(r)
	if h.preflight(r, allowed) {
		return permission(allowed)
	}
	if handle == nil {
		return problem(r, allowed, nil)
	}
	answer, err := handle(ctx, r)
	if err != nil {
		return problem(r, headerOf(answer), err)
	}
	return answer
}

// bounded limits ctx to what a request of this kind may take.
func bounded(ctx context.Context, streams bool) (context.Context, context.CancelFunc) {
	end, known := ctx.Deadline()
	end = end.Add(-margin)
	if latest := time.Now().Add(bufferedTime); !streams && (!known || latest.Before(end)) {
		end, known = latest, true
	}
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end)
}

// record writes the one line that every request leaves in the log. It names
// the route and never the id, key or address of anything or anybody; broken
// is what ended a stream early.
func (h *Handler) record(ctx context.Context, r *request, answer *response, sent int64, broken error) {
	attributes := []slog.Attr{
		slog.String("request_id", r.id),
		slog.String("trace", r.trace(ctx)),
		slog.String("method", r.method),
		slog.String("route", r.resource),
		slog.Int("status", answer.status),
		slog.String("cache", answer.header.Get("X-Cache")),
		slog.Int64("bytes", sent),
		slog.Float64("took_ms", milliseconds(time.Since(r.began))),
	}
	level := slog.LevelInfo
	if answer.status >= http.StatusInternalServerError || broken != nil {
		level = slog.LevelError
		if err := errors.Join(answer.cause, broken); err != nil {
			attributes = append(attributes, slog.String("kind", string(fault.KindOf(err))), slog.String("error", err.Error()))
		}
	}
	h.Log.LogAttrs(ctx, level, "request", attributes...)
}
