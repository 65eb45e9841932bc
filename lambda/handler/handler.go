package handler

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/steps"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// Items is the item store; *cache.Items implements it.
type Items interface {
	Get(ctx context.Context, id string) (store.Item, cache.Status, error)
	List(ctx context.Context, after string, limit, maxBytes int) (store.Page, error)
	Put(ctx context.Context, id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error)
	Delete(ctx context.Context, id string, condition store.Condition) error
}

// Files is the file store; *files.Bucket implements it.
type Files interface {
	Open(ctx context.Context, key, rng, etag string) (files.Object, error)
	Stat(ctx context.Context, key string) (files.Object, error)
	Link(ctx context.Context, key string, header http.Header) (string, error)
	Upload(ctx context.Context, key string, size int64, contentType string) (files.Upload, error)
	Parts(ctx context.Context, key, uploadID string, size int64, first int32) (files.Upload, error)
}

// Handler serves requests. Its fields must not change after the first one.
type Handler struct {
	Items  Items
	Files  Files
	Health *HealthChecker
	// Contract is served without a key.
	Contract *Contract
	Version  string   // reported by /health/details
	Origins  []string // origins that CORS allows; "*": all
	Public   bool     // requests need no API key
	Log      *slog.Logger
	Meter    telemetry.Meter
	// StreamMax is the largest body that is streamed, in bytes; 0 is the platform's limit. Larger ones are
	// redirected to S3.
	StreamMax int64
}

// serve serves one request: with a stream on the routes that the API defines as streaming, otherwise with an
// encoded buffered response. It turns every failure into a response.
func (h *Handler) serve(ctx context.Context, r *request) ([]byte, *events.APIGatewayProxyStreamingResponse) {
	r.start(ctx)
	ctx, r.steps = steps.WithRecorder(ctx)
	ctx, cancel := withRequestDeadline(telemetry.WithRequest(ctx, r.id, r.traceID(ctx)), r.isStreaming())
	resp := h.respondInTime(ctx, r)
	h.finish(r, resp)
	if r.isStreaming() {
		return nil, resp.toStream(func(sent int64, err error) {
			cancel()
			resp.steps = r.steps.Attributes()
			h.record(ctx, r, resp, sent, err)
		})
	}
	whole := encodeResponse(resp.toBuffered())
	if len(whole) > runtimeapi.MaxResponse {
		resp = problemResponse(r, nil, errTooLarge(len(whole)))
		h.finish(r, resp)
		whole = encodeResponse(resp.toBuffered())
	}
	postresponse.Do(ctx, func() {
		cancel()
		h.recordBuffered(ctx, r, resp)
	})
	return whole, nil
}

// finish sets the headers that every response has.
func (h *Handler) finish(r *request, resp *response) {
	resp.latency, resp.steps = time.Since(r.started), r.steps.Attributes()
	if r.method == http.MethodHead {
		resp.dropBody()
	}
	resp.header.Set("X-Request-Id", r.id)
	resp.header.Set("X-Content-Type-Options", "nosniff")
	h.setPrivateCaching(r, resp)
	h.allowOrigin(r, resp)
}

// errTooLarge is the error for a response over Lambda's limit. Pages end before it, so this is a defect.
func errTooLarge(length int) error {
	return fault.NewInternal("encoding a response", fmt.Errorf("it has %d bytes, Lambda's limit is %d", length, runtimeapi.MaxResponse))
}

// respond turns an error or a panic into a problem response.
func (h *Handler) respond(ctx context.Context, r *request) (resp *response) {
	defer func() {
		if panicked := recover(); panicked != nil {
			resp = problemResponse(r, nil, panicError(panicked))
		}
	}()
	handle, allowed := h.route(r)
	if h.isPreflight(r, allowed) {
		return preflightResponse(allowed)
	}
	if handle == nil {
		return problemResponse(r, allowed, nil)
	}
	if header, err := r.checkHeaders(); err != nil {
		return problemResponse(r, header, err)
	}
	resp, err := handle(h, ctx, r)
	if err == nil {
		resp, err = r.checkWithoutValidator(resp)
	}
	if err != nil {
		return problemResponse(r, headerOf(resp), err)
	}
	return resp
}
