package lambdahost

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// connectionKey is where a request's context has its *connection.
type connectionKey struct{}

// connection is what is known of one.
type connection struct {
	spent    atomic.Bool // a stream came on it
	admitted bool
}

// newServer returns a server for the connections that are admitted, on which nothing comes after a stream:
// the next request is answered with a reset. AWS has the runtime close the
// connection then ("Building a custom runtime for AWS Lambda", "Implementing
// response streaming in a custom runtime"); a runtime that sends a stream on
// such a connection loses it. aws-lambda-go asks for the next invocation on it,
// which net/http does again on a new one.
func newServer(handler http.Handler, admits func(net.Conn) bool) *http.Server {
	return &http.Server{
		ReadHeaderTimeout: InitTimeout,
		ConnContext: func(ctx context.Context, conn net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, &connection{admitted: admits(conn)})
		},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !of(r).admitted {
				refuse(w, http.StatusForbidden, "AccessDenied", "only the function's own processes may call its Runtime API")
				return
			}
			if of(r).spent.Load() {
				reset(w)
				return
			}
			handler.ServeHTTP(w, r)
		}),
	}
}

// spend marks the request's connection: a stream came on it.
func spend(r *http.Request) { of(r).spent.Store(true) }

func of(r *http.Request) *connection { return r.Context().Value(connectionKey{}).(*connection) }

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
