package api

import (
	"slices"
	"strings"
	"testing"
)

// notTheClients are the variables in which no client writes but API Gateway, AWS or this program; of
// requestId it is a UUID at most (developer guide, "Set up access logging" and "Variables for access
// logging"). All others may hold quotes that a client sent, which API Gateway does not escape.
var notTheClients = []string{
	"requestId", "extendedRequestId", "requestTimeEpoch", "identity.sourceIp", "identity.apiKeyId", "httpMethod", "resourcePath",
	"protocol", "status", "responseLength", "responseLatency", "integration.requestId", "integration.integrationStatus",
	"integration.status", "integration.latency", "waf.status", "error.responseType",
}

func TestNoClientWritesIntoTheAccessLog(t *testing.T) {
	for field, value := range accessLogFields {
		if name, ok := strings.CutPrefix(value, "$context."); !ok || !slices.Contains(notTheClients, name) {
			t.Errorf("%s is %s, in which a client may write", field, value)
		}
	}
}

// A metric of a log that others write into would have the dimensions that they choose, and their number.
func TestNoMetricOfTheAccessLogHasADimension(t *testing.T) {
	r := build(t, full(t))
	counted := 0
	for _, filter := range r.OfType("aws:cloudwatch/logMetricFilter:LogMetricFilter") {
		if group, _ := filter.Inputs["logGroupName"].(string); !strings.HasPrefix(group, component+"-access-log") {
			continue
		}
		counted++
		if transformation, _ := filter.Inputs["metricTransformation"].(map[string]any); transformation["dimensions"] != nil {
			t.Errorf("%s has %v", filter.Name, transformation["dimensions"])
		}
	}
	if counted != len(refusalTypes) {
		t.Errorf("%d filters of the access log, want %d", counted, len(refusalTypes))
	}
}
