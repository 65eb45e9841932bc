package restapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// delimiter ends the prelude of a stream.
var delimiter = make([]byte, 8)

// stream runs a streaming integration: it sends the response from the function's prelude on, and every chunk when it
// arrives.
func (x *exchange) stream(r lambdahost.Request) *gatewayError {
	timeout := x.timeout(r.Function)
	ctx, cancel := context.WithTimeout(x.request.Context(), timeout)
	defer cancel()
	s, err := x.server.config.Invoker.InvokeStream(ctx, r)
	if err != nil {
		x.integrationLatency = time.Since(x.integrationStart)
		return x.invocationError(err)
	}
	defer func() { _ = s.Body.Close() }() // the function continues; its output is discarded
	x.integrationRequestID = s.RequestID
	deadline := time.AfterFunc(timeout-time.Since(x.integrationStart), func() { _ = s.Body.Close() })
	defer deadline.Stop()
	output, rest, err := readPrelude(s.Body)
	x.integrationLatency = time.Since(x.integrationStart)
	if err != nil {
		x.integrationError = err.Error()
		if errors.Is(err, io.ErrClosedPipe) {
			return newGatewayError(integrationTimeout, "Endpoint request timed out")
		}
		return newGatewayError(integrationFailure, "Internal server error")
	}
	x.integrationStatus = output.status
	x.setHeaders(output.headers)
	x.response.WriteHeader(output.status)
	if err := x.pass(rest, s.Body, idleTimeout(timeout)); err != nil {
		x.integrationError = err.Error()
		panic(http.ErrAbortHandler) // the status has been sent: only a broken connection shows the error
	}
	return nil
}

// idleTimeout is the time without a chunk after which the stream of an integration with that timeout breaks.
func idleTimeout(timeout time.Duration) time.Duration {
	if timeout == untimed {
		return untimed
	}
	return StreamIdle
}

// pass copies the body to the client in chunks. A response without body (HEAD, 204, 304) ends here; the function's
// output is discarded.
func (x *exchange) pass(first []byte, body io.ReadCloser, idleTimeout time.Duration) error {
	status := x.response.status
	if x.request.Method == http.MethodHead || status == http.StatusNoContent || status == http.StatusNotModified {
		return nil
	}
	flush := http.NewResponseController(x.response).Flush
	idle := time.AfterFunc(idleTimeout, func() { _ = body.Close() })
	defer idle.Stop()
	buffer := make([]byte, 32*1024)
	for piece := first; ; {
		if len(piece) > 0 {
			if _, err := x.response.Write(piece); err != nil {
				return fmt.Errorf("the client has left: %w", err)
			}
		}
		if err := flush(); err != nil {
			return fmt.Errorf("the client has left: %w", err)
		}
		idle.Reset(idleTimeout)
		n, err := body.Read(buffer)
		piece = buffer[:n]
		if errors.Is(err, io.EOF) {
			_, err = x.response.Write(piece)
			return err
		}
		if err != nil {
			return fmt.Errorf("the stream broke: %w", err)
		}
	}
}

// preludeOutput is the JSON before the delimiter.
type preludeOutput struct {
	StatusCode        status                     `json:"statusCode"`
	Headers           map[string]json.RawMessage `json:"headers"`
	MultiValueHeaders map[string][]string        `json:"multiValueHeaders"`
	Cookies           []string                   `json:"cookies"`
}

// readPrelude reads a stream up to its delimiter and returns the bytes of the body that it has already read.
func readPrelude(body io.Reader) (proxyResponse, []byte, error) {
	buffer := make([]byte, 0, maxPrelude+len(delimiter))
	for {
		searched := max(0, len(buffer)-len(delimiter)+1)
		n, err := body.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if i := bytes.Index(buffer[searched:], delimiter); i >= 0 {
			output, parseErr := parsePrelude(buffer[:searched+i])
			return output, buffer[searched+i+len(delimiter):], parseErr
		}
		switch {
		case errors.Is(err, io.EOF):
			return proxyResponse{}, nil, errors.New("the stream ended before a prelude and its 8 NUL bytes")
		case err != nil:
			return proxyResponse{}, nil, fmt.Errorf("the stream broke before its body: %w", err)
		case len(buffer) == cap(buffer):
			return proxyResponse{}, nil, fmt.Errorf("no prelude and 8 NUL bytes in the first %d bytes of the stream", maxPrelude)
		}
	}
}

func parsePrelude(prelude []byte) (proxyResponse, error) {
	var out preludeOutput
	if err := decodeStrict(prelude, &out); err != nil {
		return proxyResponse{}, fmt.Errorf("the stream's prelude: %w", err)
	}
	headers, err := responseHeaders(out.Headers, out.MultiValueHeaders)
	if err != nil {
		return proxyResponse{}, fmt.Errorf("the stream's prelude: %w", err)
	}
	for _, cookie := range out.Cookies {
		headers.Add("Set-Cookie", cookie)
	}
	output := proxyResponse{status: int(out.StatusCode), headers: headers}
	return output, output.check()
}
