// Package telemetry is what the function tells about itself: one JSON object a
// line on its standard output, which names the request that it is about, and
// in some of them CloudWatch metrics by the embedded metric format, which cost
// no call.
//
// No line at any level holds an item's id or body, a file's key, a header or
// an address of a client: a line names the route. What a client says that it
// asked for is found by the request's id, which every answer carries.
package telemetry

import (
	"context"
	"io"
	"log/slog"
)

// NewLogger returns a logger of JSON lines.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, nil)})
}

type request struct{ id, trace string }

type requestKey struct{}

// WithRequest returns a context whose lines carry the ids of a request and of
// its trace (X-Ray's Root; empty: not traced).
func WithRequest(ctx context.Context, id, trace string) context.Context {
	return context.WithValue(ctx, requestKey{}, request{id, trace})
}

// lines adds to a line which request it is about.
type requestHandler struct{ slog.Handler }

func (l requestHandler) Handle(ctx context.Context, line slog.Record) error {
	if r, ok := ctx.Value(requestKey{}).(request); ok {
		line.AddAttrs(slog.String("request_id", r.id), slog.String("trace_id", r.trace))
	}
	return l.Handler.Handle(ctx, line)
}

func (l requestHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return requestHandler{l.Handler.WithAttrs(attributes)}
}

func (l requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{l.Handler.WithGroup(name)}
}
