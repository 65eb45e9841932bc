package runtimeapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strconv"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/didomi/serverless-api/lambda/postresponse"
)

// The paths and headers of the Runtime API: AWS Lambda developer guide, "Using
// the Lambda runtime API for custom runtimes".
const (
	invocations = "/2018-06-01/runtime/invocation/"

	headerRequestID = "Lambda-Runtime-Aws-Request-Id"
	headerDeadline  = "Lambda-Runtime-Deadline-Ms"
	headerTrace     = "Lambda-Runtime-Trace-Id"
	headerARN       = "Lambda-Runtime-Invoked-Function-Arn"
	headerErrorType = "Lambda-Runtime-Function-Error-Type"
	trailerError    = "Lambda-Runtime-Function-Error-Body"
)

// MaxResponse is the largest buffered response in bytes of JSON: 6 MiB and 100 bytes, the number in the
// Runtime API's error "Exceeded maximum allowed payload size (6291556 bytes)".
const MaxResponse = 6<<20 + 100

// Response is what a function returns: a JSON payload or a stream.
type Response struct {
	Payload []byte
	Stream  Stream // if not nil, instead of Payload
}

// Stream is a streamed response. It is closed after it was sent or has failed.
type Stream interface {
	io.ReadCloser
	ContentType() string
}

// Function handles an event, which is JSON. The event is only valid until the function has returned and its
// deferred work has run. An error fails the invocation.
type Function func(ctx context.Context, event []byte) (Response, error)

// Client is a client of the Runtime API.
type Client struct {
	// Warmup, if not nil, runs while the first event is awaited.
	Warmup func()

	address      string
	log          *slog.Logger
	conn         connection
	streamClient http.Client
	requestHead  []byte
	event        bytes.Buffer
	responseBody bytes.Buffer
}

// New returns a Client of the Runtime API at address (host:port). It connects on first use and logs failed
// invocations.
func New(address string, log *slog.Logger) *Client {
	return &Client{
		address:      address,
		log:          log,
		conn:         connection{address: address},
		streamClient: http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}},
	}
}

// Serve handles invocations one after the other. It returns when the Runtime API fails; then, or when
// handler panics, the process must end.
func (c *Client) Serve(ctx context.Context, handler Function) error {
	c.conn.afterSend = c.Warmup
	for {
		if err := c.serveOne(ctx, handler); err != nil {
			return err
		}
	}
}

func (c *Client) serveOne(ctx context.Context, handler Function) error {
	c.buildRequest(http.MethodGet, "next", "", 0)
	next, err := c.conn.exchange(ctx, c.requestHead, nil, &c.event)
	if err != nil {
		return fmt.Errorf("runtime API: next invocation: %w", err)
	}
	if !next.is("200") {
		return unexpectedStatus("next invocation", next.status, &c.event)
	}
	id := next.get(headerRequestID)
	ctx, cancel, err := invocation(ctx, id, next)
	if err != nil {
		return c.reportFailure(ctx, id, err)
	}
	defer cancel()
	ctx, queue := postresponse.NewQueue(ctx)
	defer queue.Run()
	response, err := c.invoke(ctx, id, handler)
	if err != nil {
		return c.reportFailure(ctx, id, err)
	}
	if response.Stream != nil {
		return c.respondStream(ctx, id, response.Stream)
	}
	return c.respond(ctx, id, response.Payload, queue)
}

// respond sends a buffered response. One over the limit fails the invocation, not the process.
func (c *Client) respond(ctx context.Context, id string, payload []byte, queue *postresponse.Queue) error {
	if len(payload) > MaxResponse {
		cause := fmt.Errorf("the response has %d bytes, Lambda's limit is %d", len(payload), MaxResponse)
		queue.SetSendError(cause)
		return c.reportFailure(ctx, id, cause)
	}
	rejected, err := c.post(ctx, id, "/response", payload)
	queue.SetSendError(errors.Join(rejected, err))
	return err
}

// invoke calls the handler and reports a panic before it continues.
func (c *Client) invoke(ctx context.Context, id string, handler Function) (Response, error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_ = c.reportFailure(ctx, id, fmt.Errorf("panic: %v", panicked)) // the process ends anyway
			panic(panicked)
		}
	}()
	return handler(ctx, c.event.Bytes())
}

// traceVariable is where the SDK looks for the trace header.
const traceVariable = "_X_AMZN_TRACE_ID"

// invocation returns the context of an invocation, given the head of the Runtime API's response.
func invocation(ctx context.Context, id string, head responseHead) (context.Context, context.CancelFunc, error) {
	deadline, err := strconv.ParseInt(head.get(headerDeadline), 10, 64)
	if err != nil {
		return ctx, nil, fmt.Errorf("the invocation's deadline: %w", err)
	}
	trace := head.get(headerTrace)
	if err := os.Setenv(traceVariable, trace); err != nil {
		return ctx, nil, fmt.Errorf("the invocation's trace: %w", err)
	}
	ctx = lambdacontext.NewContext(ctx, &lambdacontext.LambdaContext{
		AwsRequestID: id, InvokedFunctionArn: head.get(headerARN),
	})
	ctx = context.WithValue(ctx, "x-amzn-trace-id", trace) //nolint:staticcheck // aws-lambda-go's key, which others use
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(deadline))
	return ctx, cancel, nil
}

// buildRequest sets c.requestHead.
func (c *Client) buildRequest(method, path, contentType string, length int) {
	c.requestHead = append(c.requestHead[:0], method+" "+invocations+path+" HTTP/1.1\r\nHost: "+c.address+"\r\nUser-Agent: "+agent+"\r\n"...)
	if method == http.MethodPost {
		c.requestHead = append(c.requestHead, "Content-Type: "+contentType+"\r\nContent-Length: "...)
		c.requestHead = append(strconv.AppendInt(c.requestHead, int64(length), 10), "\r\n"...)
	}
	c.requestHead = append(c.requestHead, "\r\n"...)
}

var agent = "serverless-api/" + runtime.Version()

// post sends a buffered response or an error. err ends the process, rejected does not: a Runtime API that
// returns 4xx has ended the invocation itself, accepts no error for it afterwards (403) and returns the next
// one (invocationresponse.go and invocationerror.go of
// github.com/aws/aws-lambda-runtime-interface-emulator).
func (c *Client) post(ctx context.Context, id, path string, body []byte) (rejected, err error) {
	response, err := c.postJSON(ctx, "sending a response", id+path, body)
	if err != nil {
		return nil, err
	}
	if response.is("202") {
		return nil, nil
	}
	unexpected := unexpectedStatus("sending a response", response.status, &c.responseBody)
	if !response.is("4") {
		return nil, unexpected
	}
	c.log.ErrorContext(ctx, "response rejected", "invocation", id, "error", unexpected.Error())
	return unexpected, nil
}

// postJSON sends JSON on the kept connection, even after the invocation's deadline.
func (c *Client) postJSON(ctx context.Context, operation, path string, body []byte) (responseHead, error) {
	c.buildRequest(http.MethodPost, path, "application/json", len(body))
	response, err := c.conn.exchange(context.WithoutCancel(ctx), c.requestHead, body, &c.responseBody)
	if err != nil {
		return responseHead{}, fmt.Errorf("runtime API: %s: %w", operation, err)
	}
	return response, nil
}

// errorReport is an error in the Runtime API's format.
type errorReport struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func encodeError(err error) ([]byte, string) {
	kind := fmt.Sprintf("%T", err)
	text, _ := json.Marshal(errorReport{err.Error(), kind}) // two strings never fail
	return text, kind
}

func (c *Client) reportFailure(ctx context.Context, id string, cause error) error {
	c.log.ErrorContext(ctx, "invocation failed", "invocation", id, "error", cause.Error())
	text, _ := encodeError(cause)
	_, err := c.post(ctx, id, "/error", text)
	return err
}
