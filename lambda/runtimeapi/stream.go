package runtimeapi

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// unsentMargin is the time reserved before the invocation's deadline to log and report a stream that was not
// sent completely, and to ask for the next invocation.
const unsentMargin = 500 * time.Millisecond

// respondStream sends a stream in chunks as it is read, and closes it. A stream that cannot be sent fails its
// invocation, not the process: the Runtime API still returns the next invocation, unless it responds 5xx
// ("Container error. Non-recoverable state. Runtime should exit promptly", AWS Lambda developer guide,
// "Using the Lambda runtime API for custom runtimes").
func (c *Client) respondStream(ctx context.Context, id string, body Stream) error {
	status, err := c.sendStream(ctx, id, body)
	if failed := body.Close(); failed != nil {
		c.log.WarnContext(ctx, "stream not closed", "invocation", id, "error", failed.Error())
	}
	if err == nil {
		return nil
	}
	c.log.ErrorContext(ctx, "stream not sent", "invocation", id, "error", err.Error())
	switch {
	case status >= http.StatusInternalServerError:
		return err
	case status != 0: // the Runtime API has ended the invocation itself
		return nil
	}
	return c.reportUnsentStream(ctx, id, err)
}

// sendStream sends a stream on its own connection, which ends with it: the guide requires a custom runtime to
// close the connection after a stream ("Building a custom runtime for AWS Lambda", "Implementing response
// streaming"), and a reset of a kept one would lose the stream, which cannot be read twice. It returns the
// response status, or 0 if there was no response.
//
// A slow client could hold the stream until the invocation's deadline. The stream ends before it, because
// Lambda ends the process on a timeout.
func (c *Client) sendStream(ctx context.Context, id string, body Stream) (int, error) {
	if end, known := ctx.Deadline(); known {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-min(unsentMargin, time.Until(end)/2)))
		defer cancel()
	}
	trailer := http.Header{headerErrorType: nil, trailerError: nil}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+c.address+invocations+id+"/response", &errorTrailerBody{body: body, trailer: trailer})
	if err != nil {
		return 0, fmt.Errorf("runtime API: sending a stream: %w", err)
	}
	request.ContentLength = -1 // unknown: chunked from the first byte on
	request.Trailer = trailer
	request.Header.Set("Content-Type", body.ContentType())
	request.Header.Set("User-Agent", agent)
	request.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	response, err := c.streamClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("runtime API: sending a stream: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // the status is all that is needed
	if response.StatusCode != http.StatusAccepted {
		return response.StatusCode, unexpectedStatus("sending a stream", response.Status, response.Body)
	}
	return response.StatusCode, nil
}

// reportUnsentStream reports a stream that got no response. The Runtime API accepts that only before the
// stream has begun; otherwise it has ended the invocation itself.
func (c *Client) reportUnsentStream(ctx context.Context, id string, cause error) error {
	const operation = "reporting a stream that was not sent"
	text, _ := encodeError(cause)
	response, err := c.postJSON(ctx, operation, id+"/error", text)
	if err == nil && response.is("5") {
		err = unexpectedStatus(operation, response.status, &c.responseBody)
	}
	return err
}

// errorTrailerBody is a body that ends at its first error and puts the error into the trailer, which is how
// the Runtime API learns of a failure in the middle of a stream. It stays ended: an io.Reader need not be
// read after an error, but a caller may.
type errorTrailerBody struct {
	body    io.Reader
	trailer http.Header
	ended   bool
}

func (r *errorTrailerBody) Read(p []byte) (int, error) {
	if r.ended {
		return 0, io.EOF
	}
	n, err := r.body.Read(p)
	if err == nil {
		return n, nil
	}
	r.ended = true
	if err != io.EOF { // compared directly: a failure may wrap io.EOF
		text, kind := encodeError(err)
		r.trailer.Set(headerErrorType, kind)
		r.trailer.Set(trailerError, base64.StdEncoding.EncodeToString(text))
	}
	return n, io.EOF
}

// chunkSize is the size of a stream's chunks in bytes; net/http alone would use 32 KiB.
const chunkSize = 256 << 10

// WriteTo implements io.WriterTo, which net/http prefers to its own small buffer.
func (r *errorTrailerBody) WriteTo(w io.Writer) (total int64, err error) {
	chunk := make([]byte, chunkSize)
	for {
		n, err := r.Read(chunk)
		if n > 0 {
			written, failed := w.Write(chunk[:n])
			total += int64(written)
			if failed != nil {
				return total, failed
			}
		}
		if errors.Is(err, io.EOF) {
			return total, nil
		}
	}
}
