// Package faultproxy is a TCP proxy between the function and a real dependency that fails as networks and hosts do.
package faultproxy

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// Proxy relays TCP connections to a dependency. It starts without faults.
type Proxy struct {
	target   string
	listener net.Listener

	mu          sync.Mutex
	changed     *sync.Cond
	mode        mode
	delay       time.Duration         // of each piece, in mode slow
	rdsProxy    bool                  // as RDS Proxy
	borrow      time.Duration         // how long a piece may wait in it
	conns       map[*net.TCPConn]bool // whether it is held
	connections int
}

type mode int

const (
	modePass  mode = iota
	modeReset      // connections are reset
	modeStall      // connections are made and carry nothing
)

// New starts a proxy for target that ends with the test.
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
		p.set(modeReset, 0)
	})
	return p
}

// Address is the address that clients connect to.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Restore ends all faults.
func (p *Proxy) Restore() { p.set(modePass, 0) }

// ResetAll resets all connections, current and new ones: the host is up and the server is not.
func (p *Proxy) ResetAll() { p.set(modeReset, 0) }

// Stall stops all traffic silently, as when the host has failed, or a firewall drops packets.
func (p *Proxy) Stall() { p.set(modeStall, 0) }

// Hold stops the traffic of current connections; new ones work. What was in transit arrives after Restore, however long
// ago its sender abandoned it.
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for conn := range p.conns {
		p.conns[conn] = true
	}
}

// Slow delays each piece of the server's traffic.
func (p *Proxy) Slow(delay time.Duration) { p.set(modePass, delay) }

// EmulateRDSProxy treats PostgreSQL clients as RDS Proxy does: it drops their cancel requests, and some of what they
// send waits for up to borrow and is passed on even if the client has left in the meantime.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
func (p *Proxy) EmulateRDSProxy(borrow time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rdsProxy, p.borrow = true, borrow
}

// ResetOnce resets all current connections; new ones work, as after a restart or a failover.
func (p *Proxy) ResetOnce() {
	p.set(modeReset, 0)
	p.set(modePass, 0)
}

// Connections returns the number of connections accepted so far.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.connections
}

func (p *Proxy) set(m mode, delay time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.delay = m, delay
	if m == modeReset {
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
	p.connections++
	rdsProxy, borrow := p.rdsProxy, p.borrow
	p.mu.Unlock()
	if !p.track(client) {
		return
	}
	var first []byte
	if rdsProxy {
		if first = readStartup(client); first == nil {
			reset(client)
			return
		}
	}
	conn, err := net.Dial("tcp", p.target)
	if err != nil {
		reset(client)
		return
	}
	server := conn.(*net.TCPConn)
	_, _ = server.Write(first) // if it fails, so does what comes next
	if !p.track(server) {
		reset(client)
		return
	}
	var both sync.WaitGroup
	both.Go(func() {
		p.copy(server, client, func(time.Duration) {
			if borrow > 0 && rand.IntN(10) == 0 {
				time.Sleep(rand.N(borrow))
			}
		})
	})
	both.Go(func() { p.copy(client, server, time.Sleep) })
	both.Wait()
	// A connection that is only half closed would let the client write on, and wait, until the garbage collector closes
	// it.
	_, _ = client.Close(), server.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.conns, client)
	delete(p.conns, server)
}

// track adds a connection to the proxy, or resets it in modeReset.
func (p *Proxy) track(conn *net.TCPConn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.mode == modeReset {
		reset(conn)
		return false
	}
	p.conns[conn] = false
	return true
}

// cancelRequest takes the place of the protocol version in a startup packet.
// https://www.postgresql.org/docs/current/protocol-message-formats.html
const cancelRequest = 80877102

// readStartup reads the head of a client's first packet (length and version), or returns nil for a cancel request.
func readStartup(client net.Conn) []byte {
	head := make([]byte, 8)
	if _, err := io.ReadFull(client, head); err != nil || binary.BigEndian.Uint32(head[4:]) == cancelRequest {
		return nil
	}
	return head
}

// copy relays until either side ends, delaying each piece by hold.
func (p *Proxy) copy(to, from *net.TCPConn, hold func(delay time.Duration)) {
	defer func() { _, _ = to.CloseWrite(), from.CloseRead() }()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		hold(p.wait(from))
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

// wait blocks while the proxy or the connection is stalled, and returns the delay.
func (p *Proxy) wait(conn *net.TCPConn) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	for p.mode == modeStall || p.conns[conn] {
		p.changed.Wait()
	}
	return p.delay
}
