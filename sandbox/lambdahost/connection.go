package lambdahost

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// spentKey is where a request's context has the mark of its connection, an
// *atomic.Bool.
type spentKey struct{}

// newServer returns a server on whose connections nothing comes after a stream:
// the next request is answered with a reset. AWS has the runtime close the
// connection then ("Building a custom runtime for AWS Lambda", "Implementing
// response streaming in a custom runtime"); a runtime that sends a stream on
// such a connection loses it. aws-lambda-go asks for the next invocation on it,
// which net/http does again on a new one.
func newServer(handler http.Handler) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: InitTimeout,
		ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
			return context.WithValue(ctx, spentKey{}, new(atomic.Bool))
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if mark(r).Load() {
				reset(w)
				return
			}
			handler.ServeHTTP(w, r)
		}),
	}
}

// spend marks the request's connection: a stream came on it.
func spend(r *http.Request) { mark(r).Store(true) }

func mark(r *http.Request) *atomic.Bool { return r.Context().Value(spentKey{}).(*atomic.Bool) }

// reset ends a connection without an answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // ends it as well
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a plain close does for a test
	}
	_ = conn.Close()
}
