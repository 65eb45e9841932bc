package dataplane

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/faults"
)

// handshakeTimeout bounds TLS handshake and login.
const handshakeTimeout = 10 * time.Second

// acceptFunc performs the handshake of a new connection. It returns nil if it has rejected the client.
type acceptFunc func(net.Conn, *tls.Config) (net.Conn, error)

// dialFunc opens the server connection for a client. Before it returns an error, it sends the client one if the protocol
// has any.
type dialFunc func(client net.Conn) (net.Conn, error)

// tlsProxy terminates TLS for a server that listens without it.
type tlsProxy struct {
	listener net.Listener
	tls      *tls.Config
	accept   acceptFunc
	open     dialFunc
	faults   *faults.Registry // nil: none
	server   faults.Server
	begin    beginFunc

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// listenTLS starts a TLS proxy at addr. It accepts connections when listenTLS returns.
func listenTLS(a *Authority, addr netip.AddrPort, open dialFunc, accept acceptFunc, fails failing, protocols ...string) (*tlsProxy, error) {
	config, err := a.server(addr.Addr(), protocols...)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %s (SANDBOX_NET moves the data plane to another loopback network): %w", addr, err)
	}
	p := &tlsProxy{
		listener: listener, tls: config, accept: accept, open: open,
		faults: fails.registry, server: fails.server, begin: fails.begin, conns: map[net.Conn]struct{}{},
	}
	go p.serve()
	return p, nil
}

func (p *tlsProxy) addr() netip.AddrPort {
	return p.listener.Addr().(*net.TCPAddr).AddrPort()
}

// dialTo returns a dialFunc that connects every client to the same server.
func dialTo(server netip.AddrPort) dialFunc {
	return func(net.Conn) (net.Conn, error) {
		dialer := net.Dialer{Timeout: handshakeTimeout}
		return dialer.DialContext(context.Background(), "tcp", server.String())
	}
}

func (p *tlsProxy) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(50 * time.Millisecond) // most likely out of file descriptors
			continue
		}
		go p.handle(conn)
	}
}

func (p *tlsProxy) handle(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if !p.track(conn) {
		return
	}
	defer p.forget(conn)
	failing := p.faults.Track(conn, p.server)
	defer func() { _ = failing.Close() }()
	if failing.Admit() != nil {
		return
	}
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	plain, err := p.accept(conn, p.tls)
	if err != nil || plain == nil {
		return // the client was rejected or has disconnected
	}
	if p.begin != nil {
		if plain, err = p.begin(plain, failing.How()); err != nil || plain == nil {
			return // a fault has rejected the client
		}
	}
	failing.Over(plain)
	var client net.Conn = failing
	server, err := p.open(client)
	if err != nil || server == nil {
		return // closes the connection, as for a server that is down
	}
	defer func() { _ = server.Close() }()
	_ = conn.SetDeadline(time.Time{})
	relay(client, server)
}

// track registers the connection, so that close closes it. It returns false if the proxy is closed.
func (p *tlsProxy) track(conn net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conns == nil {
		return false
	}
	p.conns[conn] = struct{}{}
	return true
}

func (p *tlsProxy) forget(conn net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, conn)
}

func (p *tlsProxy) close() {
	_ = p.listener.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeConns()
	p.conns = nil
}

// drop closes the current connections.
func (p *tlsProxy) drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closeConns()
}

// closeConns closes the current connections. p.mu is held.
func (p *tlsProxy) closeConns() {
	for conn := range p.conns {
		_ = conn.Close()
	}
}

// relay copies in both directions until either side closes.
func relay(a, b net.Conn) {
	done := make(chan struct{}, 2)
	pipe := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src) // ends with a closed connection
		done <- struct{}{}
	}
	go pipe(a, b)
	go pipe(b, a)
	<-done
	_ = a.Close()
	_ = b.Close()
	<-done
}

// acceptPlain accepts a connection without TLS, such as one of Redis's cluster bus.
func acceptPlain(conn net.Conn, _ *tls.Config) (net.Conn, error) { return conn, nil }

// acceptTLS performs the handshake of a protocol that starts with TLS, such as Redis.
func acceptTLS(conn net.Conn, config *tls.Config) (net.Conn, error) {
	secure := tls.Server(conn, config)
	if err := secure.Handshake(); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}
