package handler

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// record logs the request in one line, with its metrics; broken is what ended a stream early.
func (h *Handler) record(ctx context.Context, r *request, resp *response, sent int64, broken error) {
	attributes := []slog.Attr{
		slog.String(contract.LogMethod, r.method),
		slog.String(contract.LogResource, r.resource),
		slog.Int(contract.LogStatus, resp.status),
		slog.String(contract.LogCache, resp.header.Get("X-Cache")),
		slog.Int64("bytes", sent),
	}
	if len(resp.steps) > 0 {
		attributes = append(attributes, slog.Group(contract.LogSteps, resp.steps...))
	}
	if r.caller != "" {
		attributes = append(attributes, slog.String(contract.LogCaller, r.caller))
	}
	level := slog.LevelInfo
	if resp.status >= http.StatusInternalServerError || broken != nil {
		level = slog.LevelError
		if err := errors.Join(resp.cause, broken); err != nil {
			attributes = append(attributes, slog.String("kind", string(fault.KindOf(err))), slog.String(contract.LogError, err.Error()))
		}
	}
	attributes = append(attributes, h.Meter.Attributes(routeOf(r), metricValues(r, resp, sent, broken)...)...)
	h.Log.LogAttrs(ctx, level, "request", attributes...)
}

// recordBuffered records a buffered response after it was sent. If Lambda rejected it, the client got a 502 from API
// Gateway instead.
func (h *Handler) recordBuffered(ctx context.Context, r *request, resp *response) {
	sent := len(resp.body)
	if err := postresponse.SendError(ctx); err != nil {
		resp.status, resp.cause, sent = http.StatusBadGateway, fault.NewInternal("sending the response", err), 0
	}
	h.record(ctx, r, resp, int64(sent), nil)
}

// routeOf returns the route for a metric, from a bounded set of names.
func routeOf(r *request) string {
	if _, known := routes[r.resource][r.method]; !known {
		return "other"
	}
	return r.method + " " + r.resource
}

var cacheMetrics = map[string]string{
	string(cache.Hit): telemetry.CacheHit, string(cache.Miss): telemetry.CacheMiss,
	string(cache.Stale): telemetry.CacheStale, string(cache.Bypass): telemetry.CacheBypass,
}

// metricValues returns the request's metrics.
func metricValues(r *request, resp *response, sent int64, broken error) []telemetry.Value {
	values := []telemetry.Value{{Name: telemetry.Latency, Amount: milliseconds(resp.latency)}}
	count := func(metric string) {
		if metric != "" {
			values = append(values, telemetry.Value{Name: metric, Amount: 1})
		}
	}
	if r.resource == itemResource { // lists bypass the cache
		count(cacheMetrics[resp.header.Get("X-Cache")])
	}
	if resp.stream != nil {
		values = append(values,
			telemetry.Value{Name: telemetry.StreamBytes, Amount: float64(sent)},
			telemetry.Value{Name: telemetry.StreamTime, Amount: milliseconds(time.Since(r.started) - resp.latency)})
	}
	if broken != nil {
		count(telemetry.StreamsBroken)
	}
	if resp.status == http.StatusInternalServerError || resp.status == http.StatusBadGateway {
		count(telemetry.InternalErrors)
	}
	if errors.Is(resp.cause, errOverdue) {
		count(telemetry.Overdue)
	}
	count(telemetry.FailureMetric(errors.Join(resp.cause, broken), ""))
	return values
}
