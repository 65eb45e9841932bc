package lambda

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// streamChunk is the size of Lambda's largest chunks. A smaller chunk is sent as
// soon as the function has written it.
const streamChunk = 64 << 10

// invokeStream runs the function and streams its response as PayloadChunk events
// and one InvokeComplete. The emulator sends one chunk after the function has
// finished.
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func invokeStream(x *call.Exchange) error {
	allowed, err := authorizeInvocation(x)
	if err != nil || !allowed {
		return err
	}
	invoker, err := x.Invoker.Get()
	if err != nil {
		return err
	}
	stream, err := invoker.InvokeStream(x.Request.Context(), invocation(x))
	var failure *lambdahost.FunctionError
	if err != nil && !errors.As(err, &failure) {
		return invocationFailed(x, err)
	}
	x.Streamed = true
	header := x.Writer.Header()
	header.Set("Content-Type", "application/vnd.amazon.eventstream")
	if stream != nil {
		defer func() { _ = stream.Body.Close() }()
		header.Set("X-Amzn-Requestid", stream.RequestID)
		header.Set("X-Amz-Executed-Version", stream.ExecutedVersion)
	}
	x.Writer.WriteHeader(http.StatusOK)
	if stream != nil {
		err = sendChunks(x, stream.Body)
	}
	if err := sendComplete(x, err); err != nil && x.Request.Context().Err() == nil {
		x.Log.Error("a streamed invocation failed", "function", x.Request.PathValue("name"), "error", err)
	}
	return nil
}

// sendChunks sends PayloadChunk events as the function writes.
func sendChunks(x *call.Exchange, body io.Reader) error {
	buffer := make([]byte, streamChunk)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if err := sendEvent(x, "PayloadChunk", "application/octet-stream", buffer[:n]); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// sendComplete ends the stream, with the function's error if it failed.
func sendComplete(x *call.Exchange, failure error) error {
	end := map[string]string{}
	var failed *lambdahost.FunctionError
	if errors.As(failure, &failed) {
		end["ErrorCode"], end["ErrorDetails"] = failed.Type, string(failed.Payload)
	} else if failure != nil {
		return failure
	}
	payload, err := json.Marshal(end)
	if err != nil {
		return err
	}
	return sendEvent(x, "InvokeComplete", "application/json", payload)
}

func sendEvent(x *call.Exchange, kind, contentType string, payload []byte) error {
	message := eventstream.Message{Payload: payload}
	message.Headers.Set(":message-type", eventstream.StringValue("event"))
	message.Headers.Set(":event-type", eventstream.StringValue(kind))
	message.Headers.Set(":content-type", eventstream.StringValue(contentType))
	if err := eventstream.NewEncoder().Encode(x.Writer, message); err != nil {
		return fmt.Errorf("send %s: %w", kind, err)
	}
	return http.NewResponseController(x.Writer).Flush()
}
