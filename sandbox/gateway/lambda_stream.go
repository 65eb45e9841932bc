package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Lambda's own chunks are no larger; a smaller one goes out as soon as the
// function has written it.
const streamChunk = 64 << 10

// invokeStream runs the function and frames its answer as it is written:
// PayloadChunk events and one InvokeComplete. The emulator answers one chunk
// after the function has ended.
// https://docs.aws.amazon.com/lambda/latest/api/API_InvokeWithResponseStream.html
func invokeStream(x *exchange) error {
	allowed, err := x.authorizeInvocation()
	if err != nil || !allowed {
		return err
	}
	invoker, err := x.g.invoker.get()
	if err != nil {
		return err
	}
	stream, err := invoker.InvokeStream(x.r.Context(), x.invocation())
	var failure *lambdahost.FunctionError
	if err != nil && !errors.As(err, &failure) {
		return x.invocationFailed(err)
	}
	x.streamed = true
	header := x.w.Header()
	header.Set("Content-Type", "application/vnd.amazon.eventstream")
	if stream != nil {
		defer func() { _ = stream.Body.Close() }()
		header.Set("X-Amzn-Requestid", stream.RequestID)
		header.Set("X-Amz-Executed-Version", stream.ExecutedVersion)
	}
	x.w.WriteHeader(http.StatusOK)
	if stream != nil {
		err = x.sendChunks(stream.Body)
	}
	if err := x.complete(err); err != nil && x.r.Context().Err() == nil {
		x.g.log.Error("a streamed invocation broke off", "function", x.r.PathValue("name"), "error", err)
	}
	return nil
}

// sendChunks sends a PayloadChunk event for whatever the function has written.
func (x *exchange) sendChunks(body io.Reader) error {
	buffer := make([]byte, streamChunk)
	for {
		n, err := body.Read(buffer)
		if n > 0 {
			if err := x.sendEvent("PayloadChunk", "application/octet-stream", buffer[:n]); err != nil {
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

// complete ends the stream, with the function's failure when it had one.
func (x *exchange) complete(failure error) error {
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
	return x.sendEvent("InvokeComplete", "application/json", payload)
}

func (x *exchange) sendEvent(kind, contentType string, payload []byte) error {
	message := eventstream.Message{Payload: payload}
	message.Headers.Set(":message-type", eventstream.StringValue("event"))
	message.Headers.Set(":event-type", eventstream.StringValue(kind))
	message.Headers.Set(":content-type", eventstream.StringValue(contentType))
	if err := eventstream.NewEncoder().Encode(x.w, message); err != nil {
		return fmt.Errorf("send %s: %w", kind, err)
	}
	return http.NewResponseController(x.w).Flush()
}
