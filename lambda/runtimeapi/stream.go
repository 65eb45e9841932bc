package runtimeapi

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// stream sends a stream in chunks as it is read.
func (c *Client) stream(id string, body Stream) (err error) {
	defer func() { err = errors.Join(err, body.Close()) }()
	trailer := http.Header{headerErrorType: nil, trailerError: nil}
	request, err := http.NewRequest(http.MethodPost, "http://"+c.address+invocations+id+"/response", &reporting{body, trailer})
	if err != nil {
		return fmt.Errorf("runtime API: sending a stream: %w", err)
	}
	request.Trailer = trailer
	request.Header.Set("Content-Type", body.ContentType())
	request.Header.Set("User-Agent", agent)
	request.Header.Set("Lambda-Runtime-Function-Response-Mode", "streaming")
	answer, err := c.streams.Do(request)
	if err != nil {
		return fmt.Errorf("runtime API: sending a stream: %w", err)
	}
	defer func() { _ = answer.Body.Close() }() // its status has told all
	if answer.StatusCode != http.StatusAccepted {
		return unexpected("sending a stream", answer.Status, answer.Body)
	}
	_, err = io.Copy(io.Discard, answer.Body)
	return err
}

// reporting is a body whose error ends it and goes into the trailer, the way
// that the Runtime API learns of what fails half-way.
type reporting struct {
	body    io.Reader
	trailer http.Header
}

func (r *reporting) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		text, kind := describe(err)
		r.trailer.Set(headerErrorType, kind)
		r.trailer.Set(trailerError, base64.StdEncoding.EncodeToString(text))
		return n, io.EOF
	}
	return n, err
}

// pieceSize is how much of a stream goes into one chunk (bytes): net/http alone
// takes 32 KiB at a time.
const pieceSize = 256 << 10

// WriteTo implements io.WriterTo, which net/http prefers to its own small buffer.
func (r *reporting) WriteTo(w io.Writer) (total int64, err error) {
	piece := make([]byte, pieceSize)
	for {
		n, err := r.Read(piece)
		if n > 0 {
			written, failed := w.Write(piece[:n])
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
