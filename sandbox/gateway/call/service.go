package call

import (
	"context"
	"net/http"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Service lists the calls of one AWS service that the gateway corrects. All fields but Name are optional.
type Service struct {
	// Name is the service's name in signatures. Where Resources is set it is also the prefix of its IAM actions.
	Name string

	// Actions are the corrected calls of the Query protocol by Action, with "*" for all others. It is nil for
	// other protocols.
	Actions map[string]Handler
	// Target is the prefix of the operation in X-Amz-Target, Operations the corrected calls of a JSON protocol by
	// operation.
	Target     string
	Operations map[string]Handler
	// Paths are the corrected calls of a REST protocol by pattern of http.ServeMux.
	Paths map[string]Handler
	// Match returns the handler of a call that is in none of those, or nil.
	Match func(r *http.Request) Handler
	// Other handles all other calls. Without it they are proxied.
	Other Handler

	// Bounds are the bounds on parameters by action or operation. REST services wrap their handlers in Bounded.
	Bounds map[string]BoundedCall
	// Quotas are AWS's default quotas by service code and quota code.
	Quotas map[string]float64
	// Resources returns the resources of a call. With it, denials by the emulator are evaluated again (package
	// decide).
	Resources func(ctx context.Context, action string, x *Exchange) ([]iampolicy.Resource, error)

	// Encoded reports whether a call may have an encoded body; none may if it is nil.
	Encoded func(r *http.Request) bool
	// Ambiguous returns why a call could be parsed in two ways, for a service with several protocols.
	Ambiguous func(r *http.Request) error
}

// Server serves the calls of a Service.
type Server struct {
	Service
	*Account
	Mux *http.ServeMux // of Paths; nil without any
}

// NewServer returns the server of a service.
func NewServer(a *Account, s Service) *Server {
	e := &Server{Service: s, Account: a}
	for name, bound := range s.Bounds {
		switch {
		case s.Actions != nil:
			s.Actions[name] = Bounded(bound, FirstOf(s.Actions[name], s.Actions["*"]))
		case s.Target != "":
			if e.Operations == nil {
				e.Operations = map[string]Handler{}
			}
			e.Operations[name] = Bounded(bound, FirstOf(e.Operations[name]))
		}
	}
	if s.Paths == nil {
		return e
	}
	e.Mux = http.NewServeMux()
	for pattern, handle := range s.Paths {
		e.Mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { e.exchange(w, r).serve(handle) })
	}
	e.Mux.Handle("/", a.Proxy)
	return e
}

func (e *Server) exchange(w http.ResponseWriter, r *http.Request) *Exchange {
	return &Exchange{Account: e.Account, Writer: w, Request: r}
}

// ServeHTTP implements http.Handler.
func (e *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.Actions != nil {
		e.serveQuery(e.exchange(w, r))
		return
	}
	if handle := e.handler(r); handle != nil {
		e.exchange(w, r).serve(handle)
		return
	}
	if e.Mux != nil {
		e.Mux.ServeHTTP(w, r)
		return
	}
	e.Proxy.ServeHTTP(w, r)
}

// handler returns the handler of a call that is not found by Action or path, or nil.
func (e *Server) handler(r *http.Request) Handler {
	if handle, ok := e.Operations[strings.TrimPrefix(r.Header.Get("X-Amz-Target"), e.Target)]; ok {
		return handle
	}
	if e.Match != nil {
		if handle := e.Match(r); handle != nil {
			return handle
		}
	}
	return e.Other
}

// serveQuery serves a call of the Query protocol.
func (e *Server) serveQuery(x *Exchange) {
	var err error
	if x.Form, err = ParseForm(x.Request); err == nil {
		_, err = x.ReadBody()
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.serve(FirstOf(e.Actions[x.Form.Get("Action")], e.Actions["*"]))
}
