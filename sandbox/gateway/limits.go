package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Limits are the account's quotas and what its region does not offer.
type Limits = call.Limits

// LimitsPath sets the account's limits by PUT, as JSON. DELETE restores the configured ones.
const LimitsPath = call.SandboxPrefix + "limits"

func (g *Gateway) setLimits(w http.ResponseWriter, r *http.Request) {
	var next Limits
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&next)
	for key := range next.Quotas {
		if _, known := g.account.Limits.Defaults[key]; !known && err == nil {
			err = fmt.Errorf("the sandbox enforces no quota %q", key)
		}
	}
	if err != nil {
		call.WriteError(w, http.StatusBadRequest, "SandboxFailure", "the account's limits: "+err.Error())
		return
	}
	g.account.Limits.Set(next)
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gateway) resetLimits(w http.ResponseWriter, _ *http.Request) {
	g.account.Limits.Set(g.config.Limits)
	w.WriteHeader(http.StatusNoContent)
}
