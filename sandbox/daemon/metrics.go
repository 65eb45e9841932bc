package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/internal/awsmetrics"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// openMetrics starts the evaluation of the account's alarms.
func (a *account) openMetrics(l layout.Layout, log *slog.Logger) {
	clock := metrics.NewClock(time.Now)
	if l.ClockStopped {
		clock.Stop()
	}
	a.metrics = metrics.New(a.gateway, a.store, clock, log)
	a.metrics.Sample = (&sampler{account: a, log: log, earlier: map[string]dataplane.CacheFigures{}}).sample
	ctx, cancel := context.WithCancel(context.Background())
	a.watching = cancel
	go a.metrics.Run(ctx)
}

// logLine receives the log lines of functions, and of access logs.
func (a *account) logLine(line lambdahost.LogLine) {
	a.shipper.add(line)
	a.metrics.Log(metrics.Event{Group: line.Group, Time: line.Time, Message: line.Text})
}

// logged receives the log events that callers of the AWS API write.
func (a *account) logged(group string, events []logs.Event) {
	for _, e := range events {
		a.metrics.Log(metrics.Event{Group: group, Time: time.UnixMilli(e.Timestamp), Message: e.Message})
	}
}

// measured receives the metrics that callers of the AWS API put.
func (a *account) measured(data []metrics.Datum) {
	for i := range data {
		data[i].Time = a.metrics.Clock.At(data[i].Time)
	}
	a.metrics.Store.Put(data...)
}

// served receives the requests to stages.
func (a *account) served(s restapi.Served) {
	a.metrics.Store.Put(metrics.APIRequest{
		API: s.APIName, Stage: s.Stage, Resource: s.Resource, Method: s.Method, Detailed: s.Detailed,
		Time: a.metrics.Clock.At(s.Start), Status: s.Status, Latency: s.Latency, IntegrationLatency: s.IntegrationLatency,
	}.Data()...)
}

// invoked receives the invocations of functions.
func (a *account) invoked(i lambdahost.Invoked) {
	_, alias, _ := strings.Cut(i.Function.ARN, ":function:"+i.Function.Name+":")
	version := ""
	if i.Function.Weighted {
		version = i.Function.Version
	}
	a.metrics.Store.Put(metrics.Invocation{
		Function: i.Function.Name, Alias: alias, Version: version, Time: a.metrics.Clock.At(i.Start), Duration: i.Duration,
		Failed: i.Failed, Throttled: i.Throttled, Concurrent: i.Concurrent, All: i.All,
	}.Data()...)
}

// turnClock sets the clock of metrics and alarms forward.
func (s *server) turnClock(w http.ResponseWriter, r *http.Request) {
	by, err := time.ParseDuration(r.URL.Query().Get("by"))
	if err != nil || by <= 0 {
		http.Error(w, "by: must be a duration above 0s, such as 5m", http.StatusBadRequest)
		return
	}
	s.account.metrics.Turn(r.Context(), by)
	w.WriteHeader(http.StatusNoContent)
}

// putMetrics stores metrics of what the sandbox does not measure. One of AWS's has AWS's unit unless it names another.
func (s *server) putMetrics(w http.ResponseWriter, r *http.Request) {
	var data []metrics.Datum
	if err := json.NewDecoder(r.Body).Decode(&data); err != nil {
		http.Error(w, "metrics: "+err.Error(), http.StatusBadRequest)
		return
	}
	for i := range data {
		data[i].Unit = cmp.Or(data[i].Unit, awsmetrics.Unit(data[i].Namespace, data[i].Name))
	}
	s.account.metrics.PutNow(data...)
	w.WriteHeader(http.StatusNoContent)
}
