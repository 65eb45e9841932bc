package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// LimitsPath takes the account's new limits by PUT, as JSON; DELETE brings those of the configuration back.
const LimitsPath = ownPrefix + "limits"

func (g *Gateway) setLimits(w http.ResponseWriter, r *http.Request) {
	var next Limits
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&next)
	for key := range next.Quotas {
		if _, known := g.limits.defaults[key]; !known && err == nil {
			err = fmt.Errorf("no quota %q is known here", key)
		}
	}
	if err != nil {
		writeFailure(w, http.StatusBadRequest, "SandboxFailure", "the account's limits: "+err.Error())
		return
	}
	g.limits.set(next)
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gateway) resetLimits(w http.ResponseWriter, _ *http.Request) {
	g.limits.set(g.config.Limits)
	w.WriteHeader(http.StatusNoContent)
}
