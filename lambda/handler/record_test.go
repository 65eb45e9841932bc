package handler_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// metricsOf reads a line as CloudWatch does: every metric that it defines must have its value, and every dimension its
// value, in the same object.
func metricsOf(t *testing.T, line string) map[string]float64 {
	t.Helper()
	var root map[string]any
	var directives struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
	}
	if err := errors.Join(json.Unmarshal([]byte(line), &root), json.Unmarshal([]byte(line), &directives)); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	if directives.AWS.Timestamp == 0 {
		t.Errorf("no time: %s", line)
	}
	found := map[string]float64{}
	for _, set := range directives.AWS.CloudWatchMetrics {
		if set.Namespace != "shop/function" || len(set.Metrics) == 0 {
			t.Errorf("metrics %v in %q", set.Metrics, set.Namespace)
		}
		for _, name := range slices.Concat(set.Dimensions...) {
			if text, _ := root[name].(string); text == "" {
				t.Errorf("the dimension %s has no value: %s", name, line)
			}
		}
		for _, metric := range set.Metrics {
			value, ok := root[metric.Name].(float64)
			if !ok || metric.Unit == "" {
				t.Errorf("the metric %s has no value or unit: %s", metric.Name, line)
			}
			found[metric.Name] = value
		}
	}
	return found
}

// Each event comes also as one that is not valid UTF-8, which encoding/json reads.
func TestTheLogHasTheIdOfWhoCalled(t *testing.T) {
	for name, test := range map[string]struct{ context, want string }{
		"the id that an authorizer returned":                   {`"authorizer":{"principalId":"0a1b"},"identity":{"caller":null}`, "0a1b"},
		"the id of the user that signed":                       {`"identity":{"caller":"AIDAEXAMPLE"}`, "AIDAEXAMPLE"},
		"the id of the role that signed, not a session's name": {`"identity":{"caller":"AROAEXAMPLE:somebody"}`, "AROAEXAMPLE"},
		"nothing without authentication":                       {`"identity":{"caller":null}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			for kind, body := range map[string]string{"valid UTF-8": "", "invalid UTF-8": "\xff"} {
				event := `{"httpMethod":"GET","resource":"/nowhere","body":"` + body + `","requestContext":{"requestId":"r",` + test.context + `}}`
				var log strings.Builder
				h := &handler.Handler{Log: slog.New(slog.NewJSONHandler(&log, nil))}
				if _, err := h.Handle(t.Context(), []byte(event)); err != nil {
					t.Fatal(err)
				}
				var line map[string]any
				if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
					t.Fatalf("%v: %s", err, log.String())
				}
				if got, _ := line["caller"].(string); line["msg"] != "request" || got != test.want || strings.Contains(log.String(), "somebody") {
					t.Errorf("%s: %s, want the caller %q", kind, log.String(), test.want)
				}
			}
		})
	}
}

func TestEveryRequestIsCounted(t *testing.T) {
	get := func(status cache.Status, err error) items {
		return items{get: func(string) (store.Item, cache.Status, error) { return stored, status, err }}
	}
	opens := func(body io.Reader, err error) bucket {
		return bucket{open: func(string, string, string) (files.Object, error) {
			return files.Object{Size: 5, Body: io.NopCloser(body)}, err
		}}
	}
	anItem, aFile := item("GET", "a", nil, ""), file("GET", "a", nil, "")
	for name, test := range map[string]struct {
		h     handler.Handler
		event events.APIGatewayProxyRequest
		route string
		want  map[string]float64 // in addition to Latency and StreamTime
	}{
		"a hit":             {handler.Handler{Items: get(cache.Hit, nil)}, anItem, "GET /items/{id}", map[string]float64{"CacheHit": 1}},
		"a miss":            {handler.Handler{Items: get(cache.Miss, nil)}, anItem, "GET /items/{id}", map[string]float64{"CacheMiss": 1}},
		"a stale response":  {handler.Handler{Items: get(cache.Stale, nil)}, anItem, "GET /items/{id}", map[string]float64{"CacheStale": 1}},
		"a bypass":          {handler.Handler{Items: get(cache.Bypass, nil)}, anItem, "GET /items/{id}", map[string]float64{"CacheBypass": 1}},
		"a failed database": {handler.Handler{Items: get("", fault.NewUnavailable(fault.Database, io.EOF))}, anItem, "GET /items/{id}", map[string]float64{"DatabaseFailures": 1}},
		"a defect":          {handler.Handler{Items: get("", errors.New("bug"))}, anItem, "GET /items/{id}", map[string]float64{"InternalErrors": 1}},
		"a file":            {handler.Handler{Files: opens(strings.NewReader("01234"), nil)}, aFile, "GET /files/{key+}", map[string]float64{"StreamBytes": 5}},
		"a failed S3":       {handler.Handler{Files: opens(nil, fault.NewUnavailable(fault.Files, io.EOF))}, aFile, "GET /files/{key+}", map[string]float64{"FilesFailures": 1}},
		"a broken stream":   {handler.Handler{Files: opens(errorReader{fault.NewUnavailable(fault.Files, io.EOF)}, nil)}, aFile, "GET /files/{key+}", map[string]float64{"StreamBytes": 0, "StreamsBroken": 1, "FilesFailures": 1}},
		"an unknown route":  {handler.Handler{}, event("GET", "/{proxy+}", nil, nil, ""), "other", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			test.h.Log, test.h.Meter = telemetry.NewLogger(&log), telemetry.Meter{Namespace: "shop/function", Function: "api"}
			do(t, &test.h, test.event)
			got := metricsOf(t, log.String())
			if _, timed := got["Latency"]; !timed {
				t.Error("no Latency")
			}
			if _, streamed := test.want["StreamBytes"]; streamed {
				delete(got, "StreamTime")
			}
			delete(got, "Latency")
			if len(got) != len(test.want) {
				t.Errorf("counted %v, want %v", got, test.want)
			}
			for metric, want := range test.want {
				if value, ok := got[metric]; !ok || value != want {
					t.Errorf("%s is %v", metric, got[metric])
				}
			}
			if !strings.Contains(log.String(), `"Route":"`+test.route+`"`) || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("not one line of %s: %s", test.route, log.String())
			}
		})
	}
}

func TestLoggedFailuresOfDependenciesAreCounted(t *testing.T) {
	var log strings.Builder
	ctx := telemetry.WithRequest(t.Context(), "request-1", "trace-1")
	failures := telemetry.Meter{Namespace: "shop/function", Function: "api"}.FailureLogger(telemetry.NewLogger(&log), telemetry.CacheFailures)
	for _, test := range []struct {
		err  error
		want string
	}{{io.EOF, "CacheFailures"}, {fault.NewUnavailable(fault.Database, io.EOF), "DatabaseFailures"}, {fault.NewUnavailable(fault.Files, io.EOF), "FilesFailures"}} {
		log.Reset()
		failures.WarnContext(ctx, "cache failed", "error", test.err)
		if got := metricsOf(t, log.String()); len(got) != 1 || got[test.want] != 1 {
			t.Errorf("%v counted %v", test.err, got)
		}
		if !strings.Contains(log.String(), `"request_id":"request-1","trace_id":"trace-1"`) {
			t.Errorf("the line does not have the request's id: %s", log.String())
		}
	}
	log.Reset()
	failures.InfoContext(ctx, "connected")
	if strings.Contains(log.String(), "_aws") {
		t.Errorf("a line without a failure is counted: %s", log.String())
	}
}
