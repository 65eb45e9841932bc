package handler

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/fault"
)

// response is a response before it is encoded for its route.
type response struct {
	status  int
	header  http.Header
	body    []byte
	stream  io.ReadCloser // if not nil, instead of body
	cause   error         // of a problem, for the log
	latency time.Duration // until the response was ready
	steps   []any         // until then, or until the end of a stream: the log's attributes
}

func newResponse(status int) *response {
	return &response{status: status, header: http.Header{}}
}

// jsonResponse returns a response with value as JSON.
func jsonResponse(status int, value any) (*response, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fault.NewInternal("encoding a response", err)
	}
	return rawJSONResponse(status, body.Bytes()), nil
}

// rawJSONResponse returns a response with encoded JSON.
func rawJSONResponse(status int, text []byte) *response {
	resp := newResponse(status)
	resp.header.Set("Content-Type", "application/json")
	resp.body = text
	return resp
}

// dropBody turns the response to a GET into the one to a HEAD (RFC 9110, 9.3.2).
func (a *response) dropBody() {
	if len(a.body) > 0 {
		a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	a.body = nil
}

func headerOf(resp *response) http.Header {
	if resp == nil {
		return nil
	}
	return resp.header
}

// flatHeader returns the headers; no response has a header with several values.
func (a *response) flatHeader() map[string]string {
	flat := make(map[string]string, len(a.header))
	for name := range a.header {
		flat[name] = a.header.Get(name)
	}
	return flat
}

func (a *response) toBuffered() events.APIGatewayProxyResponse {
	return events.APIGatewayProxyResponse{StatusCode: a.status, Headers: a.flatHeader(), Body: string(a.body)}
}

// toStream returns the response in the form of a streaming route; onClose is called once, after the body was sent or
// abandoned.
func (a *response) toStream(onClose func(sent int64, err error)) *events.APIGatewayProxyStreamingResponse {
	body := a.stream
	if body == nil {
		body = io.NopCloser(bytes.NewReader(a.body))
		// With 304 it would be the length of the body that is not sent (RFC 9110, 8.6).
		if a.header.Get("Content-Length") == "" && a.status != http.StatusNotModified {
			a.header.Set("Content-Length", strconv.Itoa(len(a.body)))
		}
	}
	return &events.APIGatewayProxyStreamingResponse{
		StatusCode: a.status,
		Headers:    a.flatHeader(),
		Body:       &trackedBody{body: body, onClose: onClose},
	}
}

// trackedBody counts the bytes of a body and reports how it ended: at its end, with an error, or closed before either.
// Once ended, it stays so.
type trackedBody struct {
	body    io.ReadCloser
	onClose func(sent int64, err error)

	// The runtime client may close a body during a read.
	mu      sync.Mutex
	sent    int64
	ended   error // the result of every further read: io.EOF or errBodyFailed
	failure error // the cause of errBodyFailed
	closed  bool
}

func (w *trackedBody) Read(p []byte) (int, error) {
	if err := w.end(); err != nil {
		return 0, err
	}
	n, err := w.body.Read(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent += int64(n)
	switch {
	case err == io.EOF: // compared directly: a failure may wrap io.EOF
		w.ended = io.EOF
	case err != nil:
		// The platform shows a stream's error to the client.
		w.ended, w.failure = errBodyFailed, err
	}
	return n, w.ended
}

func (w *trackedBody) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// Close is called by the runtime client after the response was sent or has failed.
func (w *trackedBody) Close() error {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return nil
	}
	w.closed = true
	sent, failure := w.sent, w.failure
	if w.ended == nil {
		failure = errBodyUnsent
	}
	w.mu.Unlock()
	err := w.body.Close()
	w.onClose(sent, failure)
	return err
}
