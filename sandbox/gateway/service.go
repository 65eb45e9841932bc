package gateway

import "net/http"

// serveQuery serves a call of a Query protocol service (a form with an
// Action), corrected when the service's table has the action or "*".
func (g *Gateway) serveQuery(w http.ResponseWriter, r *http.Request, calls map[string]handler) {
	x := &exchange{g: g, w: w, r: r}
	var err error
	if x.form, err = formOf(r); err == nil {
		_, err = x.readBody()
	}
	if err != nil {
		x.fail(err)
		return
	}
	call, ok := calls[x.form.Get("Action")]
	if !ok {
		call, ok = calls["*"]
	}
	if !ok {
		call = (*exchange).forward
	}
	x.serve(call)
}

// restMux serves a REST protocol service by method and path; a path that no
// correction names streams through.
func (g *Gateway) restMux(calls map[string]handler) *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, call := range calls {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			(&exchange{g: g, w: w, r: r}).serve(call)
		})
	}
	mux.Handle("/", g.proxy)
	return mux
}
