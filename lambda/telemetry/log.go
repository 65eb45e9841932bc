// Package telemetry writes the function's log and metrics: one JSON object a line on standard output, with
// the ids of its request, and in some lines CloudWatch metrics in the embedded metric format, which needs no
// API call.
//
// No line at any level contains an item's id or body, a file's key, a header or a client's address: a line
// names the route. To find a client's request, use its request id, which every response contains. The function query
// logs operators' statements as they are written.
package telemetry

import (
	"context"
	"io"
	"log/slog"

	"github.com/didomi/serverless-api/lambda/contract"
)

// NewLogger returns a logger of JSON lines.
func NewLogger(w io.Writer) *slog.Logger {
	return slog.New(requestHandler{slog.NewJSONHandler(w, nil)})
}

type request struct{ id, trace string }

type requestKey struct{}

// WithRequest returns a context whose log lines contain the ids of a request and of its trace (X-Ray's Root;
// empty if it is not traced).
func WithRequest(ctx context.Context, id, trace string) context.Context {
	return context.WithValue(ctx, requestKey{}, request{id, trace})
}

// requestHandler adds the request's ids to each line.
type requestHandler struct{ slog.Handler }

func (l requestHandler) Handle(ctx context.Context, line slog.Record) error {
	if r, ok := ctx.Value(requestKey{}).(request); ok {
		line.AddAttrs(slog.String(contract.LogRequestID, r.id), slog.String(contract.LogTraceID, r.trace))
	}
	return l.Handler.Handle(ctx, line)
}

func (l requestHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return requestHandler{l.Handler.WithAttrs(attributes)}
}

func (l requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{l.Handler.WithGroup(name)}
}
