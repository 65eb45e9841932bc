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

// connection is a kept connection to the Runtime API on which one request
// follows the other.
type connection struct {
	address   string // host:port
	conn      net.Conn
	reader    *bufio.Reader
	used      bool   // has carried an exchange
	lines     []byte // being read
	afterSend func() // run beside the wait for the first answer, if any
}

// reply is an answer without its body.
type responseHead struct {
	status string // "200 OK"
	head   string // its lines
}

// get returns the value of a header. A reply has some ten, of which four are
// asked for once each: a map of all would take longer.
func (r responseHead) get(name string) string {
	for line := range strings.Lines(r.head) {
		key, value, _ := strings.Cut(line, ":")
		if len(key) == len(name) && strings.EqualFold(key, name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// is reports whether a reply has the status code, three digits.
func (r responseHead) is(code string) bool { return strings.HasPrefix(r.status, code) }

// chunked reports whether the body comes in chunks.
func (r responseHead) chunked() bool { return strings.EqualFold(r.get("Transfer-Encoding"), "chunked") }

// last reports whether the connection ends with this reply.
func (r responseHead) last() bool {
	return strings.EqualFold(r.get("Connection"), "close") || !r.chunked() && r.get("Content-Length") == ""
}

// exchange sends a request, head and body, and returns the answer, whose body
// it reads into to. A request that a kept connection did not carry, because it
// had been closed meanwhile, is sent again on a new one: nothing was answered,
// and what the Runtime API took twice it refuses.
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

// try makes one exchange up to the head of the answer.
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
	// readAtOnce is the bytes of an answer that one read can take: most events whole.
	readBufferSize = 16 << 10
	// maxHead is the most bytes that the head of an answer may have.
	maxHead = 64 << 10
)

var errMalformedResponse = errors.New("this is no answer of HTTP/1.1")

// readHead reads the head of an answer.
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

// readBody reads the body of an answer.
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
		_ = c.conn.Close() // nothing more is expected of it
	}
	c.conn, c.reader, c.used = nil, nil, false
}

// unexpected is the error of an answer with another status than wanted.
func unexpectedStatus(what, status string, body io.Reader) error {
	text, _ := io.ReadAll(io.LimitReader(body, 512)) // the status says enough
	return fmt.Errorf("runtime API: %s: %s %s", what, status, bytes.TrimSpace(text))
}
