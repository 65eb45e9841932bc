package lambdahost

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// connectionKey is the context key of a request's *connection.
type connectionKey struct{}

// connection is the state of a connection.
type connection struct {
	streamed atomic.Bool // has carried a stream
	isOwn    bool
}

// newServer returns a server for the function's own connections. A connection that has carried a stream carries no further
// request: the server resets it. On AWS, the runtime must close the connection then ("Building a custom runtime for AWS
// Lambda", "Implementing response streaming in a custom runtime"); a runtime that sends another stream on it loses that
// stream. aws-lambda-go sends its next request on it, which net/http repeats on a new connection.
func newServer(handler http.Handler, isOwn func(net.Conn) bool) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: InitTimeout,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, &connection{isOwn: isOwn(conn)})
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !of(r).isOwn {
				writeError(w, http.StatusForbidden, "AccessDenied", "only the function's own processes may call its Runtime API")
				return
			}
			if of(r).streamed.Load() {
				reset(w)
				return
			}
			handler.ServeHTTP(w, r)
		}),
	}
}

// markStreamed marks the request's connection as having carried a stream.
func markStreamed(r *http.Request) { of(r).streamed.Store(true) }

func of(r *http.Request) *connection { return r.Context().Value(connectionKey{}).(*connection) }

// reset closes a connection without a response.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // closes it too
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // in a test, a normal close suffices
	}
	_ = conn.Close()
}
