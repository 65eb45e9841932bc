package restapi

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// integrate runs the operation's integration and writes its response.
func (x *exchange) integrate() *gatewayError {
	i := x.operation.Integration
	switch strings.ToLower(i.Type) {
	case "mock":
		return x.mock()
	case "aws_proxy":
	default:
		x.integrationError = fmt.Sprintf("integration type %q is not supported here", i.Type)
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	functionARN, err := x.functionOf(i.URI, i.streams())
	if err == nil {
		err = x.mayInvoke(context.WithoutCancel(x.request.Context()), functionARN, i.Credentials, x.sourceARN())
	}
	if err != nil {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	payload, err := x.event()
	if err != nil {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	request := lambdahost.Request{Function: functionARN, Payload: payload, TraceID: x.functionTrace()}
	x.response.Header().Set("X-Amzn-Trace-Id", x.traceID)
	x.integrationStart = time.Now()
	if i.streams() {
		return x.stream(request)
	}
	return x.invoke(request)
}

// functionTrace is the function's trace header. The stage's setting decides whether the trace is sampled, unless the
// client's header does.
func (x *exchange) functionTrace() string {
	if strings.Contains(x.traceID, "Sampled=") {
		return x.traceID
	}
	sampled := "0"
	if x.stage.TracingEnabled {
		sampled = "1"
	}
	return x.traceID + ";Parent=" + hex.EncodeToString(random(8)) + ";Sampled=" + sampled
}

// functionOf extracts the function from the URI of an integration or authorizer, with stage variables expanded, and
// checks that the URI's action matches the transfer mode.
func (x *exchange) functionOf(uri string, streams bool) (string, error) {
	for name, value := range x.stage.Variables {
		uri = strings.ReplaceAll(uri, "${stageVariables."+name+"}", value)
	}
	version, action := "/2015-03-31/functions/", "/invocations"
	if streams {
		version, action = "/2021-11-15/functions/", "/response-streaming-invocations"
	}
	_, rest, found := strings.Cut(uri, version)
	arn, isAction := strings.CutSuffix(rest, action)
	if !found || !isAction || !strings.HasPrefix(arn, "arn:") {
		return "", fmt.Errorf("URI %q: want ...:lambda:path%s<function ARN>%s", uri, version, action)
	}
	return arn, nil
}

// untimed is the timeout of an integration that a debugger may stop.
const untimed = 24 * time.Hour

// timeout is the timeout of the integration with the function of an ARN.
func (x *exchange) timeout(functionARN string) time.Duration {
	if x.untimed(functionARN) {
		return untimed
	}
	return x.operation.Integration.timeout()
}

// untimed reports whether the function of an ARN has no timeout.
func (x *exchange) untimed(functionARN string) bool {
	_, name, _ := strings.Cut(functionARN, ":function:")
	name, _, _ = strings.Cut(name, ":")
	return x.server.config.Untimed(name)
}

// invoke runs a buffered integration.
func (x *exchange) invoke(r lambdahost.Request) *gatewayError {
	ctx, cancel := context.WithTimeout(x.request.Context(), x.timeout(r.Function))
	defer cancel()
	response, err := x.server.config.Invoker.Invoke(ctx, r)
	x.integrationLatency = time.Since(x.integrationStart)
	if err != nil {
		return x.invocationError(err)
	}
	x.integrationRequestID = response.RequestID
	if response.FunctionError != "" {
		x.integrationError = "the function failed: " + string(response.Payload)
		return newGatewayError(integrationFailure, "Internal server error")
	}
	output, err := parseResponse(response.Payload)
	if err != nil {
		x.integrationError = "malformed Lambda proxy response: " + err.Error()
		return newGatewayError(integrationFailure, "Internal server error")
	}
	body, err := x.decodeBody(output)
	if err != nil {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	x.integrationStatus = output.status
	x.write(output, body)
	return nil
}

// invocationError returns the error for an invocation that has failed before the function ran.
func (x *exchange) invocationError(err error) *gatewayError {
	x.integrationError = err.Error()
	var api *lambdahost.Error
	var function *lambdahost.FunctionError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return newGatewayError(integrationTimeout, "Endpoint request timed out")
	case errors.As(err, &function):
		return newGatewayError(integrationFailure, "Internal server error")
	case errors.As(err, &api) && api.Status == http.StatusRequestEntityTooLarge:
		return newGatewayError(requestTooLarge, "Request Too Long")
	default: // throttled, not found, ...
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
}
