package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/lambda"
)

// HealthPath returns 200 with {"status":"ok"} while the emulator responds, and
// 503 with the reason otherwise.
const HealthPath = call.SandboxPrefix + "health"

func (g *Gateway) sandboxMux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+HealthPath, g.serveHealth)
	mux.HandleFunc("PUT "+LimitsPath, g.setLimits)
	mux.HandleFunc("DELETE "+LimitsPath, g.resetLimits)
	mux.HandleFunc("POST "+InjectErrorPath, g.serveInjectError)
	mux.HandleFunc("GET "+lambda.CodePath+"{sha256}", g.functions.ServeCode)
	return mux
}

func (g *Gateway) serveHealth(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), 5*time.Second)
	defer cancel()
	status, report := http.StatusOK, map[string]string{"status": "ok"}
	if err := g.checkEmulator(ctx); err != nil {
		status, report = http.StatusServiceUnavailable, map[string]string{"status": "unavailable", "reason": err.Error()}
	}
	body, err := json.Marshal(report)
	if err != nil {
		body = []byte(`{}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may have disconnected
}

// checkEmulator makes the cheapest signed call, which checks that the emulator
// is reachable and that the administrator's credentials are valid.
func (g *Gateway) checkEmulator(ctx context.Context) error {
	_, err := g.account.Emulator.Query(ctx, "sts", "2011-06-15", map[string]string{"Action": "GetCallerIdentity"})
	return err
}
