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

// response is an answer before it takes the form of the route.
type response struct {
	status  int
	header  http.Header
	body    []byte
	stream  io.ReadCloser // instead of body
	cause   error         // of a problem, for the log
	latency time.Duration // until it was there
}

func newResponse(status int) *response {
	return &response{status: status, header: http.Header{}}
}

// jsonResponse answers with value as JSON.
func jsonResponse(status int, value any) (*response, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, fault.NewInternal("encoding an answer", err)
	}
	return rawJSONResponse(status, body.Bytes()), nil
}

// jsonText answers with a JSON text.
func rawJSONResponse(status int, text []byte) *response {
	resp := newResponse(status)
	resp.header.Set("Content-Type", "application/json")
	resp.body = text
	return resp
}

// headOnly makes of the answer to a GET the one to a HEAD (RFC 9110, 9.3.2).
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

// single flattens the header: no answer of ours has a name twice.
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

// streamed returns the answer in the form of a streaming route; done is
// called once, when the body was sent or given up.
func (a *response) toStream(onClose func(sent int64, err error)) *events.APIGatewayProxyStreamingResponse {
	body := a.stream
	if body == nil {
		body = io.NopCloser(bytes.NewReader(a.body))
		// 304 would tell with it the length of what it stands for (RFC 9110, 8.6).
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

// watched counts a body and tells how it ended: whole, with what it failed with,
// or by being closed before either. How it has ended stays so.
type trackedBody struct {
	body    io.ReadCloser
	onClose func(sent int64, err error)

	// The runtime's client may close a body while it is read.
	mu      sync.Mutex
	sent    int64
	ended   error // what every further read gets: io.EOF or errStream
	failure error // why it is no io.EOF
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
	case err == io.EOF: // itself: a failure may have it as its cause
		w.ended = io.EOF
	case err != nil:
		// The platform shows a client what a stream fails with.
		w.ended, w.failure = errBodyFailed, err
	}
	return n, w.ended
}

func (w *trackedBody) end() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.ended
}

// Close is called by the runtime when the answer was sent or could not be.
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
