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

// unsentTime is kept of the invocation's time to log and report a stream that is
// not sent to its end, and to ask for the next invocation.
const unsentMargin = 500 * time.Millisecond

// stream sends a stream in chunks as it is read, and closes it. A stream that
// cannot be sent is the failure of its invocation, not of the process: the
// Runtime API hands out the next invocation all the same, unless it answers 5xx
// ("Container error. Non-recoverable state. Runtime should exit promptly", AWS
// Lambda developer guide, "Using the Lambda runtime API for custom runtimes").
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

// send sends a stream on a connection of its own, which ends with it: the guide
// has a custom runtime close the connection after a stream ("Building a custom
// runtime for AWS Lambda", "Implementing response streaming"), and a kept one
// that is reset would lose the stream, which cannot be read a second time. It
// returns the status of the answer, 0 if there was none.
//
// A client that reads too slowly holds the stream until the invocation's time is
// up. It ends before that, or Lambda would end the process with the time-out.
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
	request.ContentLength = -1 // not known: chunks from the first byte on
	request.Trailer = trailer
	request.Header.Set("Content-Type", body.ContentType())
	request.Header.Set("User-Agent", agent)
	request.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	response, err := c.streamClient.Do(request)
	if err != nil {
		return 0, fmt.Errorf("runtime API: sending a stream: %w", err)
	}
	defer func() { _ = response.Body.Close() }() // its status has told all
	if response.StatusCode != http.StatusAccepted {
		return response.StatusCode, unexpectedStatus("sending a stream", response.Status, response.Body)
	}
	return response.StatusCode, nil
}

// abandon reports a stream that got no answer. The Runtime API takes that only
// before the stream has begun, and has ended the invocation otherwise.
func (c *Client) reportUnsentStream(ctx context.Context, id string, cause error) error {
	const what = "reporting a stream that was not sent"
	text, _ := encodeError(cause)
	response, err := c.postJSON(ctx, what, id+"/error", text)
	if err == nil && response.is("5") {
		err = unexpectedStatus(what, response.status, &c.responseBody)
	}
	return err
}

// reporting is a body whose error ends it and goes into the trailer, the way
// that the Runtime API learns of what fails half-way. What has ended stays so:
// an io.Reader is not asked again after an error, but nothing keeps a caller
// from it.
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
	if err != io.EOF { // itself: a failure may have it as its cause
		text, kind := encodeError(err)
		r.trailer.Set(headerErrorType, kind)
		r.trailer.Set(trailerError, base64.StdEncoding.EncodeToString(text))
	}
	return n, io.EOF
}

// pieceSize is how much of a stream goes into one chunk (bytes): net/http alone
// takes 32 KiB at a time.
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
