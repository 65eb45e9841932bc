package runtimeapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// connection is a kept connection to the Runtime API on which one request
// follows the other.
type connection struct {
	address string // host:port
	conn    net.Conn
	reader  *bufio.Reader
	used    bool // has carried an exchange
}

// reply is the head of an answer.
type reply struct {
	code   int
	status string
	header http.Header
}

// exchange sends a request, head and body, and returns the head of the answer,
// whose body it reads into to. A request that a kept connection did not carry, because it
// had been closed meanwhile, is sent again on a new one: nothing was answered,
// and what the Runtime API took twice it refuses.
func (c *connection) exchange(ctx context.Context, head, body []byte, to *bytes.Buffer) (reply, error) {
	answer, err := c.try(ctx, head, body)
	if err != nil && c.used {
		c.close()
		answer, err = c.try(ctx, head, body)
	}
	if err != nil {
		c.close()
		return reply{}, err
	}
	to.Reset()
	_, err = to.ReadFrom(answer.Body)
	err = errors.Join(err, answer.Body.Close())
	c.used = true
	if err != nil || answer.Close {
		c.close()
	}
	return reply{answer.StatusCode, answer.Status, answer.Header}, err
}

// try makes one exchange up to the head of the answer.
func (c *connection) try(ctx context.Context, head, body []byte) (*http.Response, error) {
	if c.conn == nil {
		conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", c.address)
		if err != nil {
			return nil, err
		}
		c.conn, c.reader = conn, bufio.NewReader(conn)
	}
	request := net.Buffers{head, body} // in one write
	if _, err := request.WriteTo(c.conn); err != nil {
		return nil, err
	}
	return http.ReadResponse(c.reader, nil)
}

func (c *connection) close() {
	if c.conn != nil {
		_ = c.conn.Close() // nothing more is expected of it
	}
	c.conn, c.reader, c.used = nil, nil, false
}

// unexpected is the error of an answer with another status than wanted.
func unexpected(what, status string, body io.Reader) error {
	said, _ := io.ReadAll(io.LimitReader(body, 512)) // the status says enough
	return fmt.Errorf("runtime API: %s: %s %s", what, status, bytes.TrimSpace(said))
}
