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

// integrate runs the operation's integration and answers with what it gives.
func (x *exchange) integrate() *refusal {
	i := x.operation.Integration
	switch strings.ToLower(i.Type) {
	case "mock":
		return x.mock()
	case "aws_proxy":
	default:
		x.integrationError = fmt.Sprintf("integration type %q is not supported here", i.Type)
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	functionARN, err := x.functionARN()
	if err == nil && i.Credentials == "" { // with credentials the role's policy decides, not the function's
		err = x.permitted(context.WithoutCancel(x.request.Context()), functionARN)
	}
	if err != nil {
		x.integrationError = err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	payload, err := x.event()
	if err != nil {
		x.integrationError = err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	request := lambdahost.Request{Function: functionARN, Payload: payload, TraceID: x.functionTrace()}
	x.answer.Header().Set("X-Amzn-Trace-Id", x.traceID)
	x.integrationStart = time.Now()
	if i.streams() {
		return x.stream(request)
	}
	return x.invoke(request)
}

// functionTrace is the trace header that the function gets: the stage's switch
// decides whether the trace is sampled, unless the client has decided.
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

// functionARN reads the function out of the integration's URI, stage variables
// put in, and checks that the URI's action fits the transfer mode.
func (x *exchange) functionARN() (string, error) {
	uri := x.operation.Integration.URI
	for name, value := range x.stage.Variables {
		uri = strings.ReplaceAll(uri, "${stageVariables."+name+"}", value)
	}
	version, action := "/2015-03-31/functions/", "/invocations"
	if x.operation.Integration.streams() {
		version, action = "/2021-11-15/functions/", "/response-streaming-invocations"
	}
	_, rest, found := strings.Cut(uri, version)
	arn, isAction := strings.CutSuffix(rest, action)
	if !found || !isAction || !strings.HasPrefix(arn, "arn:") {
		return "", fmt.Errorf("integration URI %q: want ...:lambda:path%s<function ARN>%s", uri, version, action)
	}
	return arn, nil
}

// invoke runs a buffered integration.
func (x *exchange) invoke(r lambdahost.Request) *refusal {
	ctx, cancel := context.WithTimeout(x.request.Context(), x.operation.Integration.timeout())
	defer cancel()
	response, err := x.server.config.Invoker.Invoke(ctx, r)
	x.integrationLatency = time.Since(x.integrationStart)
	if err != nil {
		return x.failed(err)
	}
	x.integrationRequestID = response.RequestID
	if response.FunctionError != "" {
		x.integrationError = "the function failed: " + string(response.Payload)
		return newRefusal(integrationFailure, "Internal server error")
	}
	reply, err := parseReply(response.Payload)
	if err != nil {
		x.integrationError = "malformed Lambda proxy response: " + err.Error()
		return newRefusal(integrationFailure, "Internal server error")
	}
	body, err := x.decodeBody(reply)
	if err != nil {
		x.integrationError = err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	x.integrationStatus = reply.status
	x.write(reply, body)
	return nil
}

// failed is the answer to an invocation that did not take place.
func (x *exchange) failed(err error) *refusal {
	x.integrationError = err.Error()
	var api *lambdahost.Error
	var function *lambdahost.FunctionError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return newRefusal(integrationTimeout, "Endpoint request timed out")
	case errors.As(err, &function):
		return newRefusal(integrationFailure, "Internal server error")
	case errors.As(err, &api) && api.Status == http.StatusRequestEntityTooLarge:
		return newRefusal(requestTooLarge, "Request Too Long")
	default: // throttled, not found, ...
		return newRefusal(apiConfigurationError, "Internal server error")
	}
}
