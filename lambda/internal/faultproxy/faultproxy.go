// Package faultproxy stands between the function and a real part and fails as
// a network and its hosts do.
package faultproxy

import (
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy relays TCP connections to one part. It starts out working.
type Proxy struct {
	target   string
	listener net.Listener

	mu      sync.Mutex
	changed *sync.Cond
	mode    mode
	delay   time.Duration         // of each piece, in mode slow
	conns   map[*net.TCPConn]bool // whether it is held
	seen    int
}

type mode int

const (
	works   mode = iota
	refuses      // connections are reset
	stalls       // connections are made and carry nothing
)

// New starts a proxy before target that ends with the test.
func New(t testing.TB, target string) *Proxy {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: target, listener: listener, conns: map[*net.TCPConn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	go p.serve()
	t.Cleanup(func() {
		_ = listener.Close()
		p.set(refuses, 0)
	})
	return p
}

// Address is where the part seems to be.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Restore makes everything work again.
func (p *Proxy) Restore() { p.set(works, 0) }

// Refuse resets all connections, those that are there and those to come: the
// host is up and the server is not.
func (p *Proxy) Refuse() { p.set(refuses, 0) }

// Stall stops all traffic and tells nobody: the host is gone, or a firewall in
// the way.
func (p *Proxy) Stall() { p.set(stalls, 0) }

// Hold stops the traffic of the connections that are there; new ones work. What
// was on its way arrives with Restore, however long ago its sender gave it up.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		p.conns[conn] = true
	}
}

// Slow holds back each piece of what the part says by delay.
func (p *Proxy) Slow(delay time.Duration) { p.set(works, delay) }

// Cut resets all connections that are there; new ones work, as after a
// restart or a failover.
func (p *Proxy) Cut() {
	p.set(refuses, 0)
	p.set(works, 0)
}

// Seen is how many connections were asked for so far.
func (p *Proxy) Seen() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen
}

func (p *Proxy) set(m mode, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.delay = m, delay
	if m == refuses {
		for conn := range p.conns {
			reset(conn)
		}
		clear(p.conns)
	}
	for conn := range p.conns {
		p.conns[conn] = false
	}
	p.changed.Broadcast()
}

// reset closes with RST instead of FIN.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

func (p *Proxy) serve() {
	for {
		conn, err := p.listener.Accept()
		if err != nil {
			return
		}
		go p.relay(conn.(*net.TCPConn))
	}
}

func (p *Proxy) relay(client *net.TCPConn) {
	p.mu.Lock()
	p.seen++
	p.mu.Unlock()
	if !p.pass(client) {
		return
	}
	conn, err := net.Dial("tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	server := conn.(*net.TCPConn)
	if !p.pass(server) {
		reset(client)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { p.copy(server, client, false) })
	both.Go(func() { p.copy(client, server, true) })
	both.Wait()
	// A half that is merely shut lets the part write on, and wait, until the
	// garbage collector finds it.
	_, _ = client.Close(), server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// pass takes a connection under control, if it may live.
func (p *Proxy) pass(conn *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == refuses {
		reset(conn)
		return false
	}
	p.conns[conn] = false
	return true
}

// copy relays until either side ends, holding back the part's answers.
func (p *Proxy) copy(to, from *net.TCPConn, answers bool) {
	defer func() { _, _ = to.CloseWrite(), from.CloseRead() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		delay := p.wait(from)
		if answers {
			time.Sleep(delay)
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// wait holds a piece while the proxy stalls, or this connection of it.
func (p *Proxy) wait(conn *net.TCPConn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == stalls || p.conns[conn] {
		p.changed.Wait()
	}
	return p.delay
}
