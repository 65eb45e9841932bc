package page

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

//go:embed static
var embedded embed.FS

// page is the page's server.
type page struct {
	layout layout.Layout
	log    *slog.Logger
	// What tests replace.
	report  func(context.Context) (daemon.Report, error)
	outputs func(stack string) (deploy.Outputs, error)
	watcher func(daemon.Report) cloudWatch
	logs    func(daemon.Report) cloudwatchlogs.FilterLogEventsAPIClient
	export  func(context.Context, deploy.Outputs) ([]byte, error)
}

// New returns the page of the sandbox that the daemon of this layout serves.
func New(l layout.Layout, log *slog.Logger) http.Handler {
	p := &page{layout: l, log: log, watcher: newCloudWatch, logs: newCloudWatchLogs, export: exportState(l)}
	p.report = func(ctx context.Context) (daemon.Report, error) { return daemon.Ask(ctx, l) }
	p.outputs = func(stack string) (deploy.Outputs, error) { return deploy.ReadOutputs(l, stack) }
	return p.handler()
}

func (p *page) handler() http.Handler {
	mux := http.NewServeMux()
	static, err := fs.Sub(embedded, "static")
	if err != nil {
		panic(err) // the directory is embedded above
	}
	mux.Handle("/", http.FileServerFS(static))
	mux.HandleFunc("GET /lib/{name}", p.library)
	mux.HandleFunc("GET /data/status", respond(p, p.status))
	mux.HandleFunc("GET /data/stacks/{stack}/dashboards", respond(p, p.dashboards))
	mux.HandleFunc("GET /data/stacks/{stack}/alarms", respond(p, p.alarms))
	mux.HandleFunc("GET /data/stacks/{stack}/alarms/{alarm}", respond(p, p.history))
	mux.HandleFunc("GET /data/stacks/{stack}/requests", respond(p, p.requests))
	mux.HandleFunc("GET /data/stacks/{stack}/requests/{request}", respond(p, p.lines))
	mux.HandleFunc("GET /data/stacks/{stack}/openapi.json", respond(p, p.document))
	mux.HandleFunc("GET /data/stacks/{stack}/diagram.svg", p.diagram)
	mux.HandleFunc(callPath+"/{stack}/{path...}", p.call)
	return guard(p.layout.PageAddr(), mux)
}

// respond serves a result as JSON.
func respond[T any](p *page, result func(*http.Request) (T, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		value, err := result(r)
		if err != nil {
			p.fail(w, r, err)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(value) // the client may have disconnected
	}
}

// errNotFound is the error about something that the sandbox does not have.
var errNotFound = errors.New("not found")

// fail sends an error as text, which the page shows.
func (p *page) fail(w http.ResponseWriter, r *http.Request, err error) {
	status := http.StatusBadGateway
	var input inputError
	switch {
	case errors.Is(err, errNotFound):
		status = http.StatusNotFound
	case errors.As(err, &input):
		status = http.StatusBadRequest
	case r.Context().Err() != nil:
		return // the client has disconnected
	default:
		p.log.Warn("the page cannot show something", "path", r.URL.Path, "error", err)
	}
	http.Error(w, err.Error(), status)
}

// inputError is that of a parameter.
type inputError string

func (e inputError) Error() string { return string(e) }

// status is the daemon's report without keys, with the deployed stacks.
type status struct {
	daemon.Report
	Stacks []string `json:"stacks"`
}

func (p *page) status(r *http.Request) (status, error) {
	report, err := p.report(r.Context())
	if err != nil {
		return status{}, err
	}
	stacks, err := p.stacks(report)
	report.AccessKeyID, report.SecretAccessKey = "", ""
	return status{report, stacks}, err
}

// stack is a deployed stack, with the report of the daemon that serves it.
type stack struct {
	deploy.Outputs
	report daemon.Report
	// prefix is the one of the component api's resources, which the dashboard is named.
	prefix string
}

// stack returns the deployed stack of a request.
func (p *page) stack(r *http.Request) (stack, error) {
	name := r.PathValue("stack")
	report, err := p.report(r.Context())
	if err != nil {
		return stack{}, err
	}
	deployed, err := p.stacks(report)
	if err != nil {
		return stack{}, err
	}
	for _, each := range deployed {
		if each != name {
			continue
		}
		out, err := p.outputs(name)
		prefix, _ := out.Stacked["dashboard"].(string)
		if err == nil && prefix == "" {
			err = fmt.Errorf("stack %s has no output dashboard", name)
		}
		return stack{out, report, prefix}, err
	}
	return stack{}, fmt.Errorf("stack %s is not deployed: make up STACK=%[1]s: %w", name, errNotFound)
}
