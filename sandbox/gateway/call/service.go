package call

import (
	"context"
	"net/http"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// Service is what the gateway corrects of one AWS service. What a service does not have is left out.
type Service struct {
	// Name is the service's in signatures, and in IAM's actions where resources is set.
	Name string

	// Actions are the corrected calls of the Query protocol, by Action, "*" for all others; nil: the service
	// has another protocol.
	Actions map[string]Handler
	// Target is what precedes an operation in X-Amz-Target; operations are the corrected calls by operation.
	Target     string
	Operations map[string]Handler
	// Paths are the corrected calls of a REST protocol, by method and path as http.ServeMux has them.
	Paths map[string]Handler
	// Match finds the correction of a call that none of those names; nil: there is none.
	Match func(r *http.Request) Handler
	// Other handles the calls that nothing else does, which otherwise stream through.
	Other Handler

	// Bounds are what AWS allows in a call's parameters, by action or operation. REST services wrap their
	// handlers in bounded themselves.
	Bounds map[string]BoundedCall
	// Quotas are AWS's default quotas, by service and code of Service Quotas.
	Quotas map[string]float64
	// Resources are what a call names. With them the emulator's refusals are decided again (package decide).
	Resources func(ctx context.Context, action string, x *Exchange) ([]iampolicy.Resource, error)

	// Encoded says whether the emulator may decode a call's body; nil: it may not.
	Encoded func(r *http.Request) bool
	// Ambiguous says why a call can be read in two ways, for a service of several protocols.
	Ambiguous func(r *http.Request) error
}

// Server is a service as the gateway serves it.
type Server struct {
	Service
	*Account
	Mux *http.ServeMux // of its paths; nil: it has none
}

// NewServer makes the tables of a service complete.
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
	e.Mux.Handle("/", a.Proxy) // a path that no correction names streams through
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

// handler is what handles a call that is neither one of the Query protocol nor found by its path; nil: nothing.
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
	if x.Form, err = FormOf(x.Request); err == nil {
		_, err = x.ReadBody()
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.serve(FirstOf(e.Actions[x.Form.Get("Action")], e.Actions["*"]))
}
