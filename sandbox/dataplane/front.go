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
)

// handshakeTimeout bounds what a client may take before it is relayed.
const handshakeTimeout = 10 * time.Second

// acceptFunc brings a new connection to where it can be relayed; nil when the
// client was answered and turned away.
type acceptFunc func(net.Conn, *tls.Config) (net.Conn, error)

// openFunc opens the connection that a client is relayed to; an error has
// told the client, if it is to be told.
type openFunc func(client net.Conn) (net.Conn, error)

// front is a listener that ends TLS before a server which has none.
type front struct {
	listener net.Listener
	tls      *tls.Config
	accept   acceptFunc
	open     openFunc

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// listenTLS opens a front at addr. The listener is open when it returns.
func listenTLS(a *Authority, addr netip.AddrPort, open openFunc, accept acceptFunc, protocols ...string) (*front, error) {
	config, err := a.server(addr.Addr(), protocols...)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", addr.String())
	if err != nil {
		return nil, fmt.Errorf("listen on %s (SANDBOX_NET moves the data plane to another loopback network): %w", addr, err)
	}
	f := &front{listener: listener, tls: config, accept: accept, open: open, conns: map[net.Conn]struct{}{}}
	go f.serve()
	return f, nil
}

func (f *front) addr() netip.AddrPort {
	return f.listener.Addr().(*net.TCPAddr).AddrPort()
}

// to leads every client to a server.
func to(server netip.AddrPort) openFunc {
	return func(net.Conn) (net.Conn, error) {
		dialer := net.Dialer{Timeout: handshakeTimeout}
		return dialer.DialContext(context.Background(), "tcp", server.String())
	}
}

func (f *front) serve() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(50 * time.Millisecond) // out of descriptors, most likely
			continue
		}
		go f.handle(conn)
	}
}

func (f *front) handle(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if !f.track(conn) {
		return
	}
	defer f.forget(conn)
	_ = conn.SetDeadline(time.Now().Add(handshakeTimeout))
	client, err := f.accept(conn, f.tls)
	if err != nil || client == nil {
		return // the client has its answer, or is gone
	}
	server, err := f.open(client)
	if err != nil || server == nil {
		return // as a server that is down: the connection just closes
	}
	defer func() { _ = server.Close() }()
	_ = conn.SetDeadline(time.Time{})
	relay(client, server)
}

// track remembers the connection so that close ends it; false when closed.
func (f *front) track(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		return false
	}
	f.conns[conn] = struct{}{}
	return true
}

func (f *front) forget(conn net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, conn)
}

func (f *front) close() {
	_ = f.listener.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	for conn := range f.conns {
		_ = conn.Close()
	}
	f.conns = nil
}

// relay copies both ways until either side ends.
func relay(a, b net.Conn) {
	done := make(chan struct{}, 2)
	pipe := func(dst, src net.Conn) {
		_, _ = io.Copy(dst, src) // a broken connection is how these end
		done <- struct{}{}
	}
	go pipe(a, b)
	go pipe(b, a)
	<-done
	_ = a.Close()
	_ = b.Close()
	<-done
}

// acceptTLS is the front of a protocol that starts with TLS at once, as Redis.
func acceptTLS(conn net.Conn, config *tls.Config) (net.Conn, error) {
	secure := tls.Server(conn, config)
	if err := secure.Handshake(); err != nil {
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secure, nil
}
