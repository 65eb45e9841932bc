package runtimeapi

import (
	"bytes"
	"io"
	"net"
	"strings"
	"testing"
)

// respondWith responds to one request on a connection with a text and then closes it.
func respondWith(t *testing.T, text string) *connection {
	t.Helper()
	ours, theirs := net.Pipe()
	go func() {
		_, _ = theirs.Read(make([]byte, 1024))
		go func() { _, _ = io.Copy(io.Discard, theirs) }()
		_, _ = io.WriteString(theirs, text)
		_ = theirs.Close()
	}()
	c := &connection{}
	c.setConn(ours)
	return c
}

func TestResponsesAreReadInEveryFraming(t *testing.T) {
	long := strings.Repeat("x", 2*readBufferSize)
	for name, test := range map[string]struct {
		text, body string
		last       bool
	}{
		"with its length":         {"HTTP/1.1 200 OK\r\ncontent-length:  5 \r\n\r\nhello", "hello", false},
		"empty":                   {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", false},
		"in chunks":               {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=b\r\nlo\r\n0\r\n\r\n", "hello", false},
		"in chunks with trailers": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n", "hello", false},
		"to the connection's end": {"HTTP/1.0 200 OK\r\n\r\nhello", "hello", true},
		"as the last":             {"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 5\r\n\r\nhello", "hello", true},
		"longer than one read":    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n" + long + "\r\n0\r\n\r\n", long, false},
	} {
		t.Run(name, func(t *testing.T) {
			c, body := respondWith(t, test.text), bytes.Buffer{}
			response, err := c.exchange(t.Context(), []byte("GET"), nil, &body)
			if err != nil || !response.is("200") || body.String() != test.body || response.last() != test.last {
				t.Errorf("%+v, %v, %.100q", response, err, body.String())
			}
			if kept := c.conn != nil; kept == test.last {
				t.Errorf("the connection is kept: %v", kept)
			}
		})
	}
}

func TestAMalformedResponseIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                 "",
		"half a head":             "HTTP/1.1 200 OK\r\nContent-",
		"half a body":             "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
		"half a chunk":            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
		"no last chunk":           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"an invalid length":       "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
		"another protocol":        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"a line without end":      strings.Repeat("x", 2*readBufferSize),
		"a head without end":      "HTTP/1.1 200 OK\r\n" + strings.Repeat("A: b\r\n", maxHead),
		"a chunk's size in words": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfive\r\nhello\r\n0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, body := respondWith(t, text), bytes.Buffer{}
			if response, err := c.exchange(t.Context(), []byte("GET"), nil, &body); err == nil || c.conn != nil {
				t.Errorf("%+v, %q, kept: %v", response, body.String(), c.conn != nil)
			}
		})
	}
}
