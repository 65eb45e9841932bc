package dataplane

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Request codes of a PostgreSQL start-up packet, in place of the protocol version.
const (
	pgSSLRequest    = 80877103
	pgGSSENCRequest = 80877104
	pgCancelRequest = 80877102
)

// pgALPN is PostgreSQL's ALPN protocol. A client that starts with TLS (sslnegotiation=direct) must offer it.
const pgALPN = "postgresql"

// maxStartup is PostgreSQL's limit for a start-up packet.
const maxStartup = 10000

// pgError is the error for a client that does not use TLS.
type pgError struct{ code, message string }

var (
	// With rds.force_ssl, the server reports a missing entry of pg_hba.conf.
	clusterRequiresTLS = pgError{"28000", "no pg_hba.conf entry for this host: the cluster accepts only TLS connections (rds.force_ssl)"}
	// RDS Proxy's message with RequireTLS.
	proxyRequiresTLS = pgError{"28000", "This RDS Proxy requires TLS connections"}
)

// acceptPostgres returns an acceptFunc for PostgreSQL. It supports TLS after SSLRequest and direct TLS, and rejects
// other connections with the given error.
func acceptPostgres(noTLS pgError) acceptFunc {
	return func(conn net.Conn, config *tls.Config) (net.Conn, error) {
		buffered := &bufferedConn{Conn: conn, r: bufio.NewReader(conn)}
		for {
			first, err := buffered.r.Peek(1)
			if err != nil {
				return nil, fmt.Errorf("read start-up: %w", err)
			}
			if first[0] == 0x16 { // a TLS record
				return acceptTLS(buffered, config)
			}
			code, err := readStartup(buffered.r)
			if err != nil {
				return nil, err
			}
			switch code {
			case pgSSLRequest:
				if _, err := conn.Write([]byte{'S'}); err != nil {
					return nil, fmt.Errorf("respond to SSLRequest: %w", err)
				}
				return acceptTLS(buffered, config)
			case pgGSSENCRequest:
				if _, err := conn.Write([]byte{'N'}); err != nil {
					return nil, fmt.Errorf("respond to GSSENCRequest: %w", err)
				}
			case pgCancelRequest:
				return nil, nil // ignored without TLS; the protocol has no response to it
			default:
				_, err := conn.Write(noTLS.packet())
				return nil, err
			}
		}
	}
}

// bufferedConn reads the peeked bytes first.
type bufferedConn struct {
	net.Conn
	r *bufio.Reader
}

func (c *bufferedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// readStartup reads one start-up packet and returns its code.
func readStartup(r io.Reader) (uint32, error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, fmt.Errorf("read start-up packet: %w", err)
	}
	length := binary.BigEndian.Uint32(head[:4])
	if length < 8 || length > maxStartup {
		return 0, fmt.Errorf("start-up packet of %d bytes: not PostgreSQL", length)
	}
	if _, err := io.CopyN(io.Discard, r, int64(length-8)); err != nil {
		return 0, fmt.Errorf("read start-up packet: %w", err)
	}
	return binary.BigEndian.Uint32(head[4:]), nil
}

// packet encodes the error as an ErrorResponse.
func (e pgError) packet() []byte {
	var body []byte
	for _, field := range []string{"SFATAL", "VFATAL", "C" + e.code, "M" + e.message} {
		body = append(append(body, field...), 0)
	}
	body = append(body, 0)
	packet := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4))
	return append(packet, body...)
}
