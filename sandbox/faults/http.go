package faults

import (
	"context"
	"net"
	"net/http"
)

// peerKey is the context key of a request's *peer.
type peerKey struct{}

// ConnContext is the http.Server's of a server behind Handler.
func (r *Registry) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, peerKey{}, &peer{raw: conn, owner: r.owner})
}

// Handler applies faults to the requests of the parts. partOf returns a request's part, or "".
func (r *Registry) Handler(next http.Handler, partOf func(*http.Request) string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		p, ok := request.Context().Value(peerKey{}).(*peer)
		if !ok {
			next.ServeHTTP(w, request)
			return
		}
		part := partOf(request)
		f := r.of(p, part)
		switch {
		case f == nil:
		case f.How == Down:
			resetHTTP(w)
			return
		case f.How == Full, f.How == Half && f.everySecond():
			throttle(w, part)
			return
		case f.How == Slow:
			f.wait(request.Context().Done())
		}
		if part != "" {
			w = &breakable{ResponseWriter: w, isDown: func() bool {
				f := r.of(p, part)
				return f != nil && f.How == Down
			}}
		}
		next.ServeHTTP(w, request)
	})
}

// breakable is a response that is reset if its part goes down meanwhile.
type breakable struct {
	http.ResponseWriter
	isDown func() bool
}

func (b *breakable) Write(p []byte) (int, error) {
	if b.isDown() {
		panic(http.ErrAbortHandler) // closes the connection in the middle of the response
	}
	return b.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (b *breakable) Unwrap() http.ResponseWriter { return b.ResponseWriter }

// Flush is for handlers that look for an http.Flusher.
func (b *breakable) Flush() { _ = http.NewResponseController(b.ResponseWriter).Flush() }

// throttle responds as the service does to too many requests.
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
func throttle(w http.ResponseWriter, part string) {
	status, kind, body := http.StatusServiceUnavailable, "application/xml",
		`<?xml version="1.0" encoding="UTF-8"?><Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>`
	if part == Secrets {
		status, kind, body = http.StatusBadRequest, "application/x-amz-json-1.1", `{"__type":"ThrottlingException","message":"Rate exceeded"}`
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the client may have left
}

// resetHTTP closes the connection so that the client sees a reset.
func resetHTTP(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes it too
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the close below reports what matters
	}
	_ = conn.Close()
}
