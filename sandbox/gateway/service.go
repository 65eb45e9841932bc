package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// service is what the gateway corrects of one AWS service. What a service does not have is left out.
type service struct {
	// name is the service's in signatures, and in IAM's actions where resources is set.
	name string

	// actions are the corrected calls of the Query protocol, by Action, "*" for all others; nil: the service
	// has another protocol.
	actions map[string]handler
	// target is what precedes an operation in X-Amz-Target; operations are the corrected calls by operation.
	target     string
	operations map[string]handler
	// paths are the corrected calls of a REST protocol, by method and path as http.ServeMux has them.
	paths map[string]handler
	// match finds the correction of a call that none of those names; nil: there is none.
	match func(r *http.Request) handler
	// other handles the calls that nothing else does, which otherwise stream through.
	other handler

	// bounds are what AWS allows in a call's parameters, by action or operation. REST services wrap their
	// handlers in bounded themselves.
	bounds map[string]boundedCall
	// quotas are AWS's default quotas, by service and code of Service Quotas.
	quotas map[string]float64
	// resources are what a call names. With them the emulator's refusals are decided again (package decide).
	resources func(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error)

	// encoded says whether the emulator may decode a call's body; nil: it may not.
	encoded func(r *http.Request) bool
	// ambiguous says why a call can be read in two ways, for a service of several protocols.
	ambiguous func(r *http.Request) error
}

// server is a service as the gateway serves it.
type server struct {
	service
	g   *Gateway
	mux *http.ServeMux // of its paths; nil: it has none
}

// newServer makes the tables of a service complete.
func newServer(g *Gateway, s service) *server {
	e := &server{service: s, g: g}
	for name, bound := range s.bounds {
		switch {
		case s.actions != nil:
			s.actions[name] = bounded(bound, firstOf(s.actions[name], s.actions["*"]))
		case s.target != "":
			if e.operations == nil {
				e.operations = map[string]handler{}
			}
			e.operations[name] = bounded(bound, firstOf(e.operations[name]))
		}
	}
	if s.paths == nil {
		return e
	}
	e.mux = http.NewServeMux()
	for pattern, handle := range s.paths {
		e.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { e.exchange(w, r).serve(handle) })
	}
	e.mux.Handle("/", g.proxy) // a path that no correction names streams through
	return e
}

func (e *server) exchange(w http.ResponseWriter, r *http.Request) *exchange {
	return &exchange{g: e.g, w: w, r: r}
}

// ServeHTTP implements http.Handler.
func (e *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if e.actions != nil {
		e.serveQuery(e.exchange(w, r))
		return
	}
	if handle := e.handler(r); handle != nil {
		e.exchange(w, r).serve(handle)
		return
	}
	if e.mux != nil {
		e.mux.ServeHTTP(w, r)
		return
	}
	e.g.proxy.ServeHTTP(w, r)
}

// handler is what handles a call that is neither one of the Query protocol nor found by its path; nil: nothing.
func (e *server) handler(r *http.Request) handler {
	if handle, ok := e.operations[strings.TrimPrefix(r.Header.Get("X-Amz-Target"), e.target)]; ok {
		return handle
	}
	if e.match != nil {
		if handle := e.match(r); handle != nil {
			return handle
		}
	}
	return e.other
}

// serveQuery serves a call of the Query protocol.
func (e *server) serveQuery(x *exchange) {
	var err error
	if x.form, err = formOf(x.r); err == nil {
		_, err = x.readBody()
	}
	if err != nil {
		x.fail(err)
		return
	}
	x.serve(firstOf(e.actions[x.form.Get("Action")], e.actions["*"]))
}
