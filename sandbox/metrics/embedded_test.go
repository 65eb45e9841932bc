package metrics

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// The example of the specification.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
const embedded = `{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"lambda-function-metrics","Dimensions":[["functionVersion"]],
	"Metrics":[{"Name":"time","Unit":"Milliseconds","StorageResolution":60}]}]},"functionVersion":"$LATEST","time":100,"requestId":"989ffbf8"}`

func TestEmbeddedMetrics(t *testing.T) {
	version := map[string]string{"functionVersion": "$LATEST"}
	datum := func(name, unit string, dimensions map[string]string, value float64, fine bool) Datum {
		return Datum{Metric: Metric{"lambda-function-metrics", name, dimensions}, Unit: unit, Time: time.UnixMilli(1574109732004), Value: value, Fine: fine}
	}
	for name, c := range map[string]struct {
		event string
		want  []Datum
	}{
		"the example":              {embedded, []Datum{datum("time", "Milliseconds", version, 100, false)}},
		"several values":           {strings.Replace(embedded, ":100", ":[1,2]", 1), []Datum{datum("time", "Milliseconds", version, 1, false), datum("time", "Milliseconds", version, 2, false)}},
		"high resolution":          {strings.Replace(embedded, ":60}", ":1}", 1), []Datum{datum("time", "Milliseconds", version, 100, true)}},
		"two sets of dimensions":   {strings.Replace(embedded, `[["functionVersion"]]`, `[["functionVersion"],[]]`, 1), []Datum{datum("time", "Milliseconds", version, 100, false), datum("time", "Milliseconds", map[string]string{}, 100, false)}},
		"another line":             {`{"level":"INFO"}`, nil},
		"text":                     {`START RequestId: 1`, nil},
		"metadata without metrics": {`{"_aws":{"Timestamp":1}}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Embedded(c.event)
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, %v; want %+v", got, err, c.want)
			}
		})
	}
}

func TestAnEventThatBreaksTheFormatHasNoMetrics(t *testing.T) {
	for want, event := range map[string]string{
		"no Timestamp":              strings.Replace(embedded, "Timestamp", "Time", 1),
		"Namespace or Dimensions":   strings.Replace(embedded, "lambda-function-metrics", "", 1),
		`"functionVersion"`:         strings.Replace(embedded, `"$LATEST"`, "1", 1),
		"no number":                 strings.Replace(embedded, ":100", `:"100"`, 1),
		"101 values, more than 100": strings.Replace(embedded, ":100", ":["+strings.Repeat("1,", 100)+"1]", 1),
		"31 dimensions":             strings.Replace(embedded, `"functionVersion"]`, strings.Repeat(`"functionVersion",`, 30)+`"functionVersion"]`, 1),
		"101 metrics":               strings.Replace(embedded, `[{"Name"`, "["+strings.Repeat(`{"Name":"time"},`, 100)+`{"Name"`, 1),
		"_aws":                      `{"_aws":1}`,
	} {
		t.Run(want, func(t *testing.T) {
			if got, err := Embedded(event); err == nil || !strings.Contains(err.Error(), want) || got != nil {
				t.Errorf("got %+v, %v; want an error with %q", got, err, want)
			}
		})
	}
}

// The function's own lines, as its logger writes them.
func TestTheFunctionsMetricsAreExtracted(t *testing.T) {
	var lines strings.Builder
	log := telemetry.NewLogger(&lines)
	meter := telemetry.Meter{Namespace: "app/function", Function: "f"}
	log.LogAttrs(context.Background(), slog.LevelInfo, "request", meter.Attributes("GET /items/{id}", telemetry.Value{Name: telemetry.Latency, Amount: 12}, telemetry.Value{Name: telemetry.CacheHit, Amount: 1})...)
	meter.FailureLogger(log, telemetry.CacheFailures).Warn("failed", "error", error(fault.NewUnavailable(fault.Database, errors.New("down"))))
	s := NewStore()
	for line := range strings.Lines(lines.String()) {
		data, err := Embedded(line)
		if err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		s.Put(data...)
	}
	of := map[string]string{"FunctionName": "f"}
	want := []Metric{
		{"app/function", "CacheHit", of}, {"app/function", "DatabaseFailures", of},
		{"app/function", "Latency", map[string]string{"FunctionName": "f", "Route": "GET /items/{id}"}},
	}
	if got := s.Metrics("", time.Time{}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
