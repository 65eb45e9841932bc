package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Namespace is where CloudWatch shows the metrics.
const Namespace = "didomi/function"

// The metrics. Each has the dimension FunctionName; Latency has Route, too:
// the method and the resource, or "other" for what is neither.
const (
	Latency          = "Latency"          // milliseconds to the answer; of a stream to its first byte
	CacheHit         = "CacheHit"         // reads of items by where the answer came from, as X-Cache has it
	CacheMiss        = "CacheMiss"        //
	CacheStale       = "CacheStale"       //
	CacheBypass      = "CacheBypass"      //
	StreamBytes      = "StreamBytes"      // bytes of a file that were sent
	StreamTime       = "StreamTime"       // milliseconds from the first to the last of them
	StreamsBroken    = "StreamsBroken"    // files that broke off while they were sent
	InternalErrors   = "InternalErrors"   // answers 500: defects and missing permissions of ours
	Overdue          = "Overdue"          // answers given at the last moment, for want of one in time
	DatabaseFailures = "DatabaseFailures" // calls that failed for good, retries included, of each part
	CacheFailures    = "CacheFailures"    //
	FilesFailures    = "FilesFailures"    //
	SecretsFailures  = "SecretsFailures"  //
)

var units = map[string]string{Latency: "Milliseconds", StreamTime: "Milliseconds", StreamBytes: "Bytes"}

// Value is a metric and what to add to it.
type Value struct {
	Name   string
	Amount float64
}

// Meter writes metrics of one function.
type Meter struct {
	Function string // the name of the Lambda function; empty: lines have the values and no metrics
}

// Line returns what makes a line count values; route is empty where there is none.
func (m Meter) Attributes(route string, values ...Value) []slog.Attr {
	attributes := make([]slog.Attr, 0, len(values)+3)
	for _, value := range values {
		attributes = append(attributes, slog.Float64(value.Name, value.Amount))
	}
	if route != "" {
		attributes = append(attributes, slog.String("Route", route))
	}
	if m.Function == "" {
		return attributes
	}
	return append(attributes, slog.String("FunctionName", m.Function), slog.Any("_aws", directive(values)))
}

// embedded is the member _aws: CloudWatch user guide, "Specification: Embedded metric format".
type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []metricDirective
}

type metricDirective struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []metricDefinition
}

type metricDefinition struct {
	Name string
	Unit string
}

func directive(values []Value) metadata {
	all := metricDirective{Namespace: Namespace, Dimensions: [][]string{{"FunctionName"}}}
	byRoute := metricDirective{Namespace: Namespace, Dimensions: [][]string{{"FunctionName", "Route"}}}
	for _, value := range values {
		unit := units[value.Name]
		if unit == "" {
			unit = "Count"
		}
		set := &all
		if value.Name == Latency {
			set = &byRoute
		}
		set.Metrics = append(set.Metrics, metricDefinition{value.Name, unit})
	}
	line := metadata{Timestamp: time.Now().UnixMilli()}
	for _, set := range []metricDirective{all, byRoute} {
		if len(set.Metrics) > 0 {
			line.CloudWatchMetrics = append(line.CloudWatchMetrics, set)
		}
	}
	return line
}

// FailureOf returns the metric that counts err: of the part that it says is
// away, otherwise the one given.
func FailureMetric(err error, otherwise string) string {
	var known *fault.Error
	if errors.As(err, &known) {
		switch known.Dependency {
		case fault.Database:
			return DatabaseFailures
		case fault.Files:
			return FilesFailures
		}
	}
	return otherwise
}

// Failures returns a logger for a part that logs what fails without being the
// answer's: each warning counts one, in the metric unless its error is another
// part's.
func (m Meter) FailureLogger(log *slog.Logger, metric string) *slog.Logger {
	return slog.New(countingHandler{log.Handler(), m, metric})
}

type countingHandler struct {
	slog.Handler
	meter  Meter
	metric string
}

func (c countingHandler) Handle(ctx context.Context, line slog.Record) error {
	if line.Level >= slog.LevelWarn {
		metric := c.metric
		line.Attrs(func(a slog.Attr) bool {
			if err, ok := a.Value.Any().(error); ok {
				metric = FailureMetric(err, metric)
			}
			return true
		})
		line.AddAttrs(c.meter.Attributes("", Value{metric, 1})...)
	}
	return c.Handler.Handle(ctx, line)
}

func (c countingHandler) WithAttrs(attributes []slog.Attr) slog.Handler {
	return countingHandler{c.Handler.WithAttrs(attributes), c.meter, c.metric}
}

func (c countingHandler) WithGroup(name string) slog.Handler {
	return countingHandler{c.Handler.WithGroup(name), c.meter, c.metric}
}
