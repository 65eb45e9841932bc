package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// control handles the requests on the control socket.
func (s *server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.report(r.Context())) // the client may have disconnected
	})
	mux.HandleFunc("GET /databases", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.account.plane.Databases()) // the client may have disconnected
	})
	mux.HandleFunc("POST /token", s.token)
	mux.HandleFunc("POST /token/rotate", func(w http.ResponseWriter, _ *http.Request) {
		if err := s.account.issuer.Rotate(); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /faults", s.setFault)
	mux.HandleFunc("POST /clock", s.turnClock)
	mux.HandleFunc("POST /metrics", s.putMetrics)
	mux.HandleFunc("POST /sessions", s.openSession)
	mux.HandleFunc("PUT /sessions/{session}/functions/{name}", s.swap)
	mux.HandleFunc("GET /functions/{name}", s.function)
	mux.HandleFunc("POST /functions/{name}/invocations", s.invoke)
	mux.HandleFunc("POST /stop", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusAccepted)
		s.stop()
	})
	return mux
}

// token signs the claims in the request as the identity provider of GitLab and of callers; with a defect, so that a
// verifier must reject it.
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	var claims oidc.Claims
	if err := json.NewDecoder(r.Body).Decode(&claims); err != nil {
		http.Error(w, "claims: "+err.Error(), http.StatusBadRequest)
		return
	}
	token, err := s.account.issuer.Forge(claims, oidc.Defect(r.URL.Query().Get("defect")))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(token) // the client may have disconnected
}

// report checks the health of every part.
func (s *server) report(ctx context.Context) Report {
	l := s.layout
	s.settle(ctx)
	r := Report{
		Generation: s.generation, PID: os.Getpid(), Since: s.since, Region: s.region,
		AccessKeyID: s.account.root.id, SecretAccessKey: s.account.root.secret,
		Endpoint: "http://" + l.GatewayAddr(), API: "http://" + l.APIAddr(), Page: "http://" + l.PageAddr(), Healthy: true,
		Faults: s.account.faults.Active(), Clock: s.account.metrics.Clock.Now(), ClockStopped: s.layout.ClockStopped,
	}
	emulator := s.account.emulator.Process()
	r.Parts = []Part{
		{Kind: "gateway", PID: r.PID, Addr: l.GatewayAddr(), Health: health(serves(ctx, r.Endpoint+gateway.HealthPath, nil)), Since: s.since},
		{Kind: "api", PID: r.PID, Addr: l.APIAddr(), Health: health(accepts(ctx, l.APIAddr())), Since: s.since},
		{Kind: "page", PID: r.PID, Addr: l.PageAddr(), Health: health(accepts(ctx, l.PageAddr())), Since: s.since},
		{Kind: "ministack", PID: emulator.PID(), Addr: l.EmulatorAddr(), Health: health(emulatorHealth(ctx, l, s.account.key)), Since: emulator.Since(), Restarts: s.account.emulator.Restarts()},
	}
	for _, server := range s.account.plane.Status() {
		r.Parts = append(r.Parts, s.serverPart(server))
	}
	r.Parts = append(r.Parts, functionParts(l)...)
	for i := range r.Parts {
		r.Parts[i].Memory = child.MemoryOf(r.Parts[i].PID).Resident
		r.Healthy = r.Healthy && r.Parts[i].Health == healthy
	}
	return r
}

// settle waits until restarts in progress have ended, but not for long: a client waits for the report.
func (s *server) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	s.account.emulator.Settle(ctx)
	s.account.plane.Settle(ctx)
}

// settleTimeout is less than requestTimeout, with time left for health checks.
const settleTimeout = 8 * time.Second

// healthy is the health of a part that works.
const healthy = "ok"

func health(err error) string {
	if err == nil {
		return healthy
	}
	return err.Error()
}

// serverPart describes a server of the data plane. An RDS proxy runs in the daemon's process.
func (s *server) serverPart(server dataplane.Server) Part {
	part := Part{
		Kind: server.Kind, Name: server.Name, PID: server.PID, Addr: server.Addr.String(),
		Health: healthy, Since: server.Since, Restarts: server.Restarts,
	}
	if server.PID == 0 {
		part.PID, part.Since = os.Getpid(), s.since
	}
	if server.Plain.IsValid() {
		part.Plain = server.Plain.String()
	}
	if server.Target != "" {
		part.Name += " -> " + server.Target
	}
	if !server.Alive {
		part.Health = cmp.Or(server.Error, "being restarted")
	}
	return part
}
