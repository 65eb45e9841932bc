package runtimeapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"strings"
)

// connection is a keep-alive connection to the Runtime API with one request at a time.
type connection struct {
	address   string // host:port
	conn      net.Conn
	reader    *bufio.Reader
	used      bool   // has completed an exchange
	lines     []byte // buffer of readLines
	afterSend func() // runs while the first response is awaited; may be nil
}

// responseHead is the status line and the headers of a response.
type responseHead struct {
	status string // "200 OK"
	head   string // header lines
}

// get returns the value of a header. A response has about ten, of which four are looked up once each: a map
// would take longer.
func (r responseHead) get(name string) string {
	for line := range strings.Lines(r.head) {
		key, value, _ := strings.Cut(line, ":")
		if len(key) == len(name) && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// is reports whether the status begins with code.
func (r responseHead) is(code string) bool { return strings.HasPrefix(r.status, code) }

// chunked reports whether the body comes in chunks.
func (r responseHead) chunked() bool { return strings.EqualFold(r.get("Transfer-Encoding"), "chunked") }

// last reports whether the connection ends with this response.
func (r responseHead) last() bool {
	return strings.EqualFold(r.get("Connection"), "close") || !r.chunked() && r.get("Content-Length") == ""
}

// exchange sends a request and returns the response head; it reads the body into to. If the kept connection
// turns out to have been closed, it sends the request again on a new one. That is safe: there was no
// response, and the Runtime API rejects a duplicate.
func (c *connection) exchange(ctx context.Context, head, body []byte, to *bytes.Buffer) (responseHead, error) {
	response, err := c.exchangeOnce(ctx, head, body)
	if err != nil && c.used {
		c.close()
		response, err = c.exchangeOnce(ctx, head, body)
	}
	if err != nil {
		c.close()
		return responseHead{}, err
	}
	to.Reset()
	c.used = true
	if err = c.readBody(response, to); err != nil || response.last() {
		c.close()
	}
	return response, err
}

// exchangeOnce sends a request and reads the response head.
func (c *connection) exchangeOnce(ctx context.Context, head, body []byte) (responseHead, error) {
	if c.conn == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return responseHead{}, err
		}
		c.setConn(conn)
	}
	request := net.Buffers{head, body} // in one write
	if _, err := request.WriteTo(c.conn); err != nil {
		return responseHead{}, err
	}
	if c.afterSend != nil {
		go c.afterSend()
		c.afterSend = nil
	}
	return c.readHead()
}

func (c *connection) setConn(conn net.Conn) {
	c.conn, c.reader = conn, bufio.NewReaderSize(conn, readBufferSize)
}

const (
	// readBufferSize holds most events in one read (bytes).
	readBufferSize = 16 << 10
	// maxHead bounds the head of a response (bytes).
	maxHead = 64 << 10
)

var errMalformedResponse = errors.New("not an HTTP/1.1 response")

// readHead reads the head of a response.
func (c *connection) readHead() (responseHead, error) {
	lines, err := c.readLines()
	if err != nil {
		return responseHead{}, err
	}
	first, rest, _ := strings.Cut(lines, "\n")
	protocol, status, _ := strings.Cut(strings.TrimSpace(first), " ")
	if !strings.HasPrefix(protocol, "HTTP/1.") {
		return responseHead{}, errMalformedResponse
	}
	return responseHead{status, rest}, nil
}

// readLines reads up to an empty line.
func (c *connection) readLines() (string, error) {
	c.lines = c.lines[:0]
	for len(c.lines) <= maxHead {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return "", err
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return string(c.lines), nil
		}
		c.lines = append(c.lines, line...)
	}
	return "", errMalformedResponse
}

// readBody reads the body of a response.
func (c *connection) readBody(response responseHead, to *bytes.Buffer) error {
	length := response.get("Content-Length")
	switch {
	case response.chunked():
		if _, err := to.ReadFrom(httputil.NewChunkedReader(c.reader)); err != nil {
			return err
		}
		_, err := c.readLines() // trailers
		return err
	case length == "":
		_, err := to.ReadFrom(c.reader)
		return err
	}
	size, err := strconv.ParseInt(length, 10, 64)
	if err != nil || size < 0 {
		return errMalformedResponse
	}
	_, err = io.CopyN(to, c.reader, size)
	return err
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close() // the connection is not used any more
	}
	c.conn, c.reader, c.used = nil, nil, false
}

// unexpectedStatus returns the error for a response with an unexpected status.
func unexpectedStatus(operation, status string, body io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(body, 512)) // without it the status is enough
	return fmt.Errorf("runtime API: %s: %s %s", operation, status, bytes.TrimSpace(text))
}
