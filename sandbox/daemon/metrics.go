package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/metrics"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// openMetrics starts the evaluation of the account's alarms.
func (a *account) openMetrics(l layout.Layout, log *slog.Logger) {
	clock := metrics.NewClock(time.Now)
	if l.ClockHeld {
		clock.Hold()
	}
	a.metrics = metrics.New(a.gateway, clock, log)
	ctx, cancel := context.WithCancel(context.Background())
	a.watching = cancel
	go a.metrics.Run(ctx)
}

// logLine receives the functions' log lines.
func (a *account) logLine(line lambdahost.LogLine) {
	a.shipper.add(line)
	a.metrics.Log(metrics.Event{Group: line.Group, Time: line.Time, Message: line.Text})
}

// logAccess receives the lines of access logs.
func (a *account) logAccess(destination, entry string) {
	// One write per line, so that concurrent lines do not mix.
	_, _ = fmt.Fprintf(a.access, "%s %s\n", destination, entry)
	if _, group, ok := strings.Cut(destination, ":log-group:"); ok {
		a.metrics.Log(metrics.Event{Group: strings.TrimSuffix(group, ":*"), Time: time.Now(), Message: entry})
	}
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
