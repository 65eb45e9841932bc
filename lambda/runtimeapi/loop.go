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

	"github.com/didomi/serverless-api/lambda/later"
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

// MaxResponse is the bytes that an answer in one piece may have as it is sent, a
// JSON text: 6 MiB and 100 bytes, the number in the Runtime API's error "Exceeded
// maximum allowed payload size (6291556 bytes)".
const MaxResponse = 6<<20 + 100

// Answer is what a function answers: a JSON text or a stream.
type Answer struct {
	Whole  []byte
	Stream Stream // if not nil, instead of Whole
}

// Stream is an answer in the form that its content type names. It is closed
// when it was sent or could not be.
type Stream interface {
	io.ReadCloser
	ContentType() string
}

// Function answers an event, a JSON text that is only valid until it has
// returned and what it left for later is done. An error is the invocation's
// failure.
type Function func(ctx context.Context, event []byte) (Answer, error)

// Client talks to one Runtime API.
type Client struct {
	// Meanwhile, if any, is run beside the wait for the first event.
	Meanwhile func()

	address string
	log     *slog.Logger
	kept    connection
	streams http.Client
	head    []byte
	event   bytes.Buffer
	said    bytes.Buffer
}

// New returns a Client of the Runtime API at address (host:port). It connects
// when it is first used. The log gets the invocations that fail.
func New(address string, log *slog.Logger) *Client {
	return &Client{
		address: address,
		log:     log,
		kept:    connection{address: address},
		streams: http.Client{Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}},
	}
}

// Serve lets function answer one invocation after the other. It returns when
// the Runtime API fails or function panics, after which the process must end.
func (c *Client) Serve(ctx context.Context, function Function) error {
	c.kept.sent = c.Meanwhile
	for {
		if err := c.serveOne(ctx, function); err != nil {
			return err
		}
	}
}

func (c *Client) serveOne(ctx context.Context, function Function) error {
	c.request(http.MethodGet, "next", "", 0)
	next, err := c.kept.exchange(ctx, c.head, nil, &c.event)
	if err != nil {
		return fmt.Errorf("runtime API: next invocation: %w", err)
	}
	if !next.is("200") {
		return unexpected("next invocation", next.status, &c.event)
	}
	id := next.get(headerRequestID)
	ctx, cancel, err := invocation(ctx, id, next)
	if err != nil {
		return c.fail(ctx, id, err)
	}
	defer cancel()
	ctx, work := later.Collect(ctx)
	defer work.Finish()
	answer, err := c.call(ctx, id, function)
	if err != nil {
		return c.fail(ctx, id, err)
	}
	if answer.Stream != nil {
		return c.stream(ctx, id, answer.Stream)
	}
	return c.respond(ctx, id, answer.Whole, work)
}

// respond sends an answer in one piece. One over the limit is the invocation's
// failure, not the end of the process, which the caller is told as an error.
func (c *Client) respond(ctx context.Context, id string, whole []byte, work *later.Work) error {
	if len(whole) > MaxResponse {
		cause := fmt.Errorf("the answer has %d bytes, Lambda takes %d", len(whole), MaxResponse)
		work.Fail(cause)
		return c.fail(ctx, id, cause)
	}
	rejected, err := c.post(ctx, id, "/response", whole)
	work.Fail(errors.Join(rejected, err))
	return err
}

// call runs the function; a panic is reported before it goes on.
func (c *Client) call(ctx context.Context, id string, function Function) (Answer, error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			_ = c.fail(ctx, id, fmt.Errorf("panic: %v", panicked)) // the process ends anyway
			panic(panicked)
		}
	}()
	return function(ctx, c.event.Bytes())
}

// traceVariable is where the SDK looks for the trace, to pass it on.
const traceVariable = "_X_AMZN_TRACE_ID"

// invocation returns the context of an invocation, given the head that it came with.
func invocation(ctx context.Context, id string, head reply) (context.Context, context.CancelFunc, error) {
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
	ctx = context.WithValue(ctx, "x-amzn-trace-id", trace) //nolint:staticcheck // aws-lambda-go's key, which others look for
	ctx, cancel := context.WithDeadline(ctx, time.UnixMilli(deadline))
	return ctx, cancel, nil
}

// request writes the head of a request.
func (c *Client) request(method, path, contentType string, length int) {
	c.head = append(c.head[:0], method+" "+invocations+path+" HTTP/1.1\r\nHost: "+c.address+"\r\nUser-Agent: "+agent+"\r\n"...)
	if method == http.MethodPost {
		c.head = append(c.head, "Content-Type: "+contentType+"\r\nContent-Length: "...)
		c.head = append(strconv.AppendInt(c.head, int64(length), 10), "\r\n"...)
	}
	c.head = append(c.head, "\r\n"...)
}

var agent = "serverless-api/" + runtime.Version()

// post sends an answer in one piece, or an error. The second error ends the
// process. The first one does not: a Runtime API that answers 4xx has ended the
// invocation itself, takes no error for it after that (403) and hands out the
// next one (invocationresponse.go and invocationerror.go of
// github.com/aws/aws-lambda-runtime-interface-emulator).
func (c *Client) post(ctx context.Context, id, path string, body []byte) (rejected, err error) {
	answer, err := c.deliver(ctx, "sending an answer", id+path, body)
	if err != nil {
		return nil, err
	}
	if answer.is("202") {
		return nil, nil
	}
	refused := unexpected("sending an answer", answer.status, &c.said)
	if !answer.is("4") {
		return nil, refused
	}
	c.log.ErrorContext(ctx, "answer not taken", "invocation", id, "error", refused.Error())
	return refused, nil
}

// deliver sends a JSON text on the kept connection, however much of the
// invocation's time is left.
func (c *Client) deliver(ctx context.Context, what, path string, body []byte) (reply, error) {
	c.request(http.MethodPost, path, "application/json", len(body))
	answer, err := c.kept.exchange(context.WithoutCancel(ctx), c.head, body, &c.said)
	if err != nil {
		return reply{}, fmt.Errorf("runtime API: %s: %w", what, err)
	}
	return answer, nil
}

// failure is an error as the Runtime API takes it.
type failure struct {
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func describe(err error) ([]byte, string) {
	kind := fmt.Sprintf("%T", err)
	text, _ := json.Marshal(failure{err.Error(), kind}) // two strings never fail
	return text, kind
}

func (c *Client) fail(ctx context.Context, id string, cause error) error {
	c.log.ErrorContext(ctx, "invocation failed", "invocation", id, "error", cause.Error())
	text, _ := describe(cause)
	_, err := c.post(ctx, id, "/error", text)
	return err
}
