package metrics

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/metrics/logpattern"
)

// Event is a log event.
type Event struct {
	Group   string
	Time    time.Time
	Message string
}

// MetricFilter is a metric filter of a log group, with one transformation.
type MetricFilter struct {
	Group, Name, Pattern string
	Metric
	Unit  string
	Value string // a number, or a selector such as $.latency
	// Default is the value of events that do not match; empty: none.
	Default string
}

// eventOverhead is added to an event's bytes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const eventOverhead = 26

// ofEvent returns the metrics of an event itself, and those in it.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Monitoring-CloudWatch-Metrics.html
func ofEvent(e Event) ([]Datum, error) {
	group := map[string]string{"LogGroupName": e.Group}
	data := []Datum{
		{Metric: Metric{"AWS/Logs", "IncomingLogEvents", group}, Unit: "None", Time: e.Time, Value: 1},
		{Metric: Metric{"AWS/Logs", "IncomingBytes", group}, Unit: "Bytes", Time: e.Time, Value: float64(len(e.Message) + eventOverhead)},
	}
	embedded, err := Embedded(e.Message)
	if err != nil {
		err = fmt.Errorf("log group %s: %w", e.Group, err)
	}
	for i := range embedded {
		embedded[i].Time = e.Time // of the clock that the alarms have
	}
	return append(data, embedded...), err
}

// counter is a metric filter with its pattern parsed, or the error of that.
type counter struct {
	MetricFilter
	pattern logpattern.Pattern
	err     error
}

// counters parses the patterns, once for a batch of log events.
func counters(filters []MetricFilter) []counter {
	list := make([]counter, len(filters))
	for i, f := range filters {
		list[i].MetricFilter = f
		list[i].pattern, list[i].err = logpattern.Parse(f.Pattern)
	}
	return list
}

// apply returns the metrics of an event in the filter's log group.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/MonitoringLogData.html
func (f counter) apply(e Event) ([]Datum, error) {
	if f.Group != e.Group {
		return nil, nil
	}
	if f.err != nil {
		return nil, fmt.Errorf("metric filter %s: %w", f.Name, f.err)
	}
	value, dimensions := f.Default, map[string]string{}
	if f.pattern.Matches(e.Message) {
		if value, dimensions = f.Value, f.dimensions(e.Message); dimensions == nil {
			return nil, nil
		}
	} else if value == "" {
		return nil, nil
	}
	var err error
	if strings.HasPrefix(value, "$") {
		if value, err = logpattern.Field(value, e.Message); err != nil {
			return nil, nil //nolint:nilerr // an event without the field publishes no value
		}
	}
	number, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return nil, fmt.Errorf("metric filter %s: %w", f.Name, errors.Unwrap(err))
	}
	return []Datum{{Metric: Metric{f.Namespace, f.Metric.Name, dimensions}, Unit: f.Unit, Time: e.Time, Value: number}}, nil
}

// dimensions returns the values of the dimensions, which selectors find in the event; nil: one of them is missing, and
// CloudWatch publishes no metric.
func (f MetricFilter) dimensions(message string) map[string]string {
	found := maps.Clone(f.Dimensions)
	if found == nil {
		return map[string]string{}
	}
	for name, selector := range found {
		value, err := logpattern.Field(selector, message)
		if err != nil || value == "" {
			return nil
		}
		found[name] = value
	}
	return found
}
