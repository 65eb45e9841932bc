package api

import (
	"slices"
	"strings"
	"testing"
)

// notTheClients are the variables in which no client writes but API Gateway, AWS or this program; of
// requestId it is a UUID at most; of the caller it is the name of a role's session, which IAM allows no quotes in (developer guide, "Set up access logging" and "Variables for access
// logging"). All others may hold quotes that a client sent, which API Gateway does not escape.
var notTheClients = []string{
	"requestId", "extendedRequestId", "requestTimeEpoch", "identity.sourceIp", "identity.apiKeyId", "authorizer.principalId", "identity.caller", "httpMethod", "resourcePath",
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
