package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// The emulator rejects an invocation of this depth, to prevent recursive loops,
// after it has authorized the call and found the function and before it runs
// the function. The header is not signed, so the signature stays valid.
const (
	depthHeader = "X-Ministack-Invoke-Depth"
	tooDeep     = "1000000"
	stoppedCode = "RecursiveInvocationException"
)

// authorizeInvocation forwards an invocation that the emulator authorizes and
// does not run. It reports whether the invocation is authorized; if not, the
// response is the emulator's.
func authorizeInvocation(x *call.Exchange) (bool, error) {
	if _, err := x.ReadBody(); err != nil {
		return false, err
	}
	x.Invoking = true
	x.Request.Header.Set(depthHeader, tooDeep)
	if err := x.Forward(); err != nil {
		return false, err
	}
	return x.Succeeded() || x.ErrorCode() == stoppedCode, nil
}

// invoke runs the function in the sandbox's function host. The emulator would
// run it without memory limit, streaming or layers.
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func invoke(x *call.Exchange) error {
	kind := x.Request.Header.Get("X-Amz-Invocation-Type")
	if kind == "DryRun" {
		return x.Forward() // the emulator checks the caller and the function, as AWS does
	}
	allowed, err := authorizeInvocation(x)
	if err != nil || !allowed {
		return err
	}
	invoker, err := x.Invoker.Get()
	if err != nil {
		return err
	}
	if kind == "Event" {
		return invokeAsync(x, invoker)
	}
	response, err := invoker.Invoke(x.Request.Context(), invocation(x))
	if err != nil {
		return invocationFailed(x, err)
	}
	x.Status, x.Response = http.StatusOK, response.Payload
	x.Header = http.Header{
		"Content-Type":           {"application/json"},
		"X-Amzn-Requestid":       {response.RequestID},
		"X-Amz-Executed-Version": {response.ExecutedVersion},
	}
	if response.FunctionError != "" {
		x.Header.Set("X-Amz-Function-Error", response.FunctionError)
	}
	if x.Request.Header.Get("X-Amz-Log-Type") == "Tail" {
		x.Header.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(response.LogTail))
	}
	return nil
}

func invocation(x *call.Exchange) lambdahost.Request {
	clientContext, err := base64.StdEncoding.DecodeString(x.Request.Header.Get("X-Amz-Client-Context"))
	if err != nil {
		clientContext = nil // Lambda ignores an invalid client context
	}
	return lambdahost.Request{
		Function: x.Request.PathValue("name"), Qualifier: x.Request.URL.Query().Get("Qualifier"), Payload: x.Body,
		TraceID: x.Request.Header.Get("X-Amzn-Trace-Id"), ClientContext: string(clientContext),
	}
}

// invokeAsync responds with 202 and runs the function in the background. AWS
// retries a failed event twice within minutes and then sends it to a
// destination; here it runs once and a failure is logged.
func invokeAsync(x *call.Exchange, invoker lambdahost.Invoker) error {
	ctx, request := context.WithoutCancel(x.Request.Context()), invocation(x)
	go func() {
		response, err := invoker.Invoke(ctx, request)
		if err == nil && response.FunctionError != "" {
			err = errors.New(response.FunctionError + ": " + string(response.Payload))
		}
		if err != nil {
			x.Log.Error("an asynchronous invocation failed", "function", request.Function, "error", err)
		}
	}()
	x.Status, x.Header, x.Response = http.StatusAccepted, http.Header{}, nil
	return nil
}

// invocationFailed responds with an error of the Lambda API.
func invocationFailed(x *call.Exchange, err error) error {
	var failure *lambdahost.Error
	switch {
	case errors.Is(err, lambdahost.ErrNotFound):
		failure = &lambdahost.Error{Status: http.StatusNotFound, Type: "ResourceNotFoundException",
			Message: "Function not found: " + x.Request.PathValue("name")}
	case errors.As(err, &failure):
	default:
		return err
	}
	body, err := json.Marshal(map[string]string{
		"Type": "User", "Reason": failure.Reason, "Message": failure.Message, "message": failure.Message,
	})
	if err != nil {
		return err
	}
	x.Status, x.Response = failure.Status, body
	x.Header = http.Header{
		"Content-Type":     {"application/json"},
		"X-Amzn-Errortype": {failure.Type},
		"Content-Length":   {strconv.Itoa(len(body))},
	}
	return nil
}
