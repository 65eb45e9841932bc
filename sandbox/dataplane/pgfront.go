package dataplane

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// Codes in the place of the protocol version of a PostgreSQL start-up packet.
const (
	pgSSLRequest    = 80877103
	pgGSSENCRequest = 80877104
	pgCancelRequest = 80877102
)

// pgALPN is the protocol name of PostgreSQL inside TLS; a client that starts
// with TLS at once (sslnegotiation=direct) must offer it.
const pgALPN = "postgresql"

// maxStartup is PostgreSQL's own limit of a start-up packet.
const maxStartup = 10000

// refusal is what a client that asks for no TLS is told.
type refusal struct{ code, message string }

var (
	// As rds.force_ssl has the server say it, by way of pg_hba.conf.
	clusterNeedsTLS = refusal{"28000", "no pg_hba.conf entry for this host: the cluster takes TLS connections only (rds.force_ssl)"}
	// As a proxy with RequireTLS says it.
	proxyNeedsTLS = refusal{"28000", "This RDS Proxy requires TLS connections"}
)

// acceptPostgres returns how a PostgreSQL front takes connections: TLS by
// SSLRequest or directly, everything else refused with a proper error.
func acceptPostgres(noTLS refusal) acceptFunc {
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
					return nil, fmt.Errorf("answer SSLRequest: %w", err)
				}
				return acceptTLS(buffered, config)
			case pgGSSENCRequest:
				if _, err := conn.Write([]byte{'N'}); err != nil {
					return nil, fmt.Errorf("answer GSSENCRequest: %w", err)
				}
			case pgCancelRequest:
				return nil, nil // without TLS not believed, and never answered
			default:
				_, err := conn.Write(noTLS.packet())
				return nil, err
			}
		}
	}
}

// bufferedConn reads what was peeked at first.
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

// packet is the refusal as an ErrorResponse.
func (r refusal) packet() []byte {
	var body []byte
	for _, field := range []string{"SFATAL", "VFATAL", "C" + r.code, "M" + r.message} {
		body = append(append(body, field...), 0)
	}
	body = append(body, 0)
	packet := binary.BigEndian.AppendUint32([]byte{'E'}, uint32(len(body)+4))
	return append(packet, body...)
}
