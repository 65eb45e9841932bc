package gateway

import "net/http"

// wrote says that a write has gone through: what it changed must be looked up
// again, before the caller has the answer.
func (g *Gateway) wrote(r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		g.lookups.forget(signingName(r))
	}
}
