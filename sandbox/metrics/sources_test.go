package metrics

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// list has each datum as "namespace/name dimensions unit value", sorted.
func list(data []Datum) string {
	var lines []string
	for _, d := range data {
		var dimensions []string
		for _, name := range slices.Sorted(maps.Keys(d.Dimensions)) {
			dimensions = append(dimensions, name+"="+d.Dimensions[name])
		}
		lines = append(lines, strings.TrimSpace(fmt.Sprint(d.Name, " {", strings.Join(dimensions, " "), "} ", d.Unit, " ", d.Value)))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
func TestTheMetricsOfARequest(t *testing.T) {
	r := APIRequest{API: "api", Stage: "dev", Resource: "/items/{id}", Method: "GET", Status: 503, Latency: 12 * time.Millisecond, IntegrationLatency: 10 * time.Millisecond}
	stage := `4XXError {ApiName=api Stage=dev} Count 0
4XXError {ApiName=api} Count 0
5XXError {ApiName=api Stage=dev} Count 1
5XXError {ApiName=api} Count 1
Count {ApiName=api Stage=dev} Count 1
Count {ApiName=api} Count 1
IntegrationLatency {ApiName=api Stage=dev} Milliseconds 10
IntegrationLatency {ApiName=api} Milliseconds 10
Latency {ApiName=api Stage=dev} Milliseconds 12
Latency {ApiName=api} Milliseconds 12`
	if got := list(r.Data()); got != stage {
		t.Errorf("without detailed metrics:\n%s", got)
	}
	r.Detailed, r.Status, r.IntegrationLatency = true, 429, 0
	if got := list(r.Data()); !strings.Contains(got, "4XXError {ApiName=api Method=GET Resource=/items/{id} Stage=dev} Count 1") || strings.Contains(got, "Integration") {
		t.Errorf("with detailed metrics, of a request that was rejected:\n%s", got)
	}
	r.Resource = ""
	if got := list(r.Data()); strings.Contains(got, "Method") {
		t.Errorf("of an unknown path:\n%s", got)
	}
}

// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func TestTheMetricsOfAnInvocation(t *testing.T) {
	i := Invocation{Function: "f", Alias: "live", Version: "7", Duration: 1500 * time.Microsecond, Failed: true, Concurrent: 2, All: 5}
	want := `ConcurrentExecutions {FunctionName=f} Count 2
ConcurrentExecutions {} Count 5`
	for _, metric := range []string{"Duration %s Milliseconds 1.5", "Errors %s Count 1", "Invocations %s Count 1", "Throttles %s Count 0"} {
		for _, set := range []string{"{ExecutedVersion=7 FunctionName=f Resource=f:live}", "{FunctionName=f Resource=f:live}", "{FunctionName=f}", "{}"} {
			want += "\n" + fmt.Sprintf(metric, set)
		}
	}
	if got := list(i.Data()); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	i.Version, i.Throttled = "", true
	if got := list(i.Data()); got != "Throttles {FunctionName=f Resource=f:live} Count 1\nThrottles {FunctionName=f} Count 1\nThrottles {} Count 1" {
		t.Errorf("of a throttled attempt:\n%s", got)
	}
}
