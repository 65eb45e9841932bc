package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
)

// The metrics. Each has the dimension FunctionName; Latency has Route, too:
// method and resource, or "other" for any that the API does not define.
const (
	Latency          = "Latency"          // milliseconds to the response; of a stream to its first byte
	CacheHit         = "CacheHit"         // reads of items by X-Cache
	CacheMiss        = "CacheMiss"        //
	CacheStale       = "CacheStale"       //
	CacheBypass      = "CacheBypass"      //
	StreamBytes      = "StreamBytes"      // bytes sent of a file
	StreamTime       = "StreamTime"       // milliseconds from the first to the last byte
	StreamsBroken    = "StreamsBroken"    // files not sent completely
	InternalErrors   = "InternalErrors"   // 500 responses: defects and missing permissions
	Overdue          = "Overdue"          // 503 responses sent because the result was not ready before the deadline
	DatabaseFailures = "DatabaseFailures" // calls that failed after all retries, by dependency
	CacheFailures    = "CacheFailures"    //
	FilesFailures    = "FilesFailures"    //
	SecretsFailures  = "SecretsFailures"  //
)

var units = map[string]string{Latency: "Milliseconds", StreamTime: "Milliseconds", StreamBytes: "Bytes"}

// Value is a data point of a metric.
type Value struct {
	Name   string
	Amount float64
}

// Meter writes metrics of one function.
type Meter struct {
	Namespace string // of the metrics in CloudWatch; if empty, lines have the values without metrics
	Function  string // the name of the Lambda function; if empty, likewise
}

// Attributes returns the log attributes that report values as metrics. route may be empty.
func (m Meter) Attributes(route string, values ...Value) []slog.Attr {
	attributes := make([]slog.Attr, 0, len(values)+3)
	for _, value := range values {
		attributes = append(attributes, slog.Float64(value.Name, value.Amount))
	}
	if route != "" {
		attributes = append(attributes, slog.String("Route", route))
	}
	if m.Namespace == "" || m.Function == "" {
		return attributes
	}
	return append(attributes, slog.String("FunctionName", m.Function), slog.Any("_aws", m.directive(values)))
}

// metadata is the member _aws: CloudWatch user guide, "Specification: Embedded metric format".
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

func (m Meter) directive(values []Value) metadata {
	all := metricDirective{Namespace: m.Namespace, Dimensions: [][]string{{"FunctionName"}}}
	byRoute := metricDirective{Namespace: m.Namespace, Dimensions: [][]string{{"FunctionName", "Route"}}}
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

// FailureMetric returns the metric for err: that of the dependency that err names, otherwise the given one.
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

// FailureLogger returns a logger for failures that a response does not report. Each warning counts one in
// metric, or in that of the dependency that its error names.
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
