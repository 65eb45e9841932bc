package faults

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
)

// Server is a server of a part: a cache has one for each shard.
type Server struct {
	Part          string
	Shard, Shards int // from 0; of a part without shards 0 of 1
	// Counts reports whether a request counts for Half: logins do not, or no client could log in.
	Counts func(request []byte) bool
}

// Conn is a connection to a server of a part. Its reads are requests, and its writes are replies.
type Conn struct {
	net.Conn // of the protocol, over raw
	*peer
	server   Server
	registry *Registry
	asked    atomic.Bool // there has been a request since the last reply
	counts   atomic.Bool // that request counts for Half
	closing  sync.Once
	closed   chan struct{}
}

// Track registers a connection until Close. It needs no registry, and has no faults then.
func (r *Registry) Track(raw net.Conn, server Server) *Conn {
	c := &Conn{Conn: raw, peer: &peer{raw: raw, owner: func(net.Conn) string { return "" }}, server: server, registry: r, closed: make(chan struct{})}
	if r == nil {
		return c
	}
	c.owner = r.owner
	r.mu.Lock()
	defer r.mu.Unlock()
	r.conns[c] = struct{}{}
	return c
}

// errReset is the error of a connection that a fault has reset.
var errReset = errors.New("a fault has reset the connection")

// Admit applies faults to a new connection before its first byte. An error means that the connection was reset.
func (c *Conn) Admit() error {
	f := c.registry.of(c.peer, c.server.Part)
	switch {
	case f == nil:
	case f.refuses(c.server):
		c.Reset()
		return errReset
	case f.How == Slow:
		f.wait(c.closed)
	}
	return nil
}

// Over replaces the connection by one of a protocol over the raw one, such as TLS.
func (c *Conn) Over(protocol net.Conn) { c.Conn = protocol }

// How is how the part fails now for this connection, or OK.
func (c *Conn) How() string {
	if f := c.registry.of(c.peer, c.server.Part); f != nil {
		return f.How
	}
	return OK
}

func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && !c.asked.Swap(true) {
		c.counts.Store(c.server.Counts == nil || c.server.Counts(p[:n]))
	}
	return n, err
}

func (c *Conn) Write(p []byte) (int, error) {
	asked := c.asked.Swap(false)
	if f := c.registry.of(c.peer, c.server.Part); f != nil && asked {
		if f.refuses(c.server) || f.How == Half && c.server.Shards <= 1 && c.counts.Load() && f.everySecond() {
			c.Reset()
			return 0, errReset
		}
		if f.How == Slow {
			f.wait(c.closed)
		}
	}
	return c.Conn.Write(p)
}

// Reset closes the connection so that the client sees a reset.
func (c *Conn) Reset() {
	if tcp, ok := c.raw.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // the close below reports what matters
	}
	_ = c.raw.Close()
	c.forget()
}

// Close closes the connection.
func (c *Conn) Close() error {
	c.forget()
	return c.Conn.Close()
}

func (c *Conn) forget() {
	c.closing.Do(func() {
		close(c.closed)
		if c.registry == nil {
			return
		}
		c.registry.mu.Lock()
		defer c.registry.mu.Unlock()
		delete(c.registry.conns, c)
	})
}

// refuses reports whether a server is down.
func (f *fault) refuses(s Server) bool {
	return f.How == Down || f.How == Half && s.Shards > 1 && s.Shard%2 == 1
}

// reset resets the connections of the fault's stack that it ends.
func (f *fault) reset(conns []*Conn) {
	for _, c := range conns {
		if f.ends(c) && c.stack() == f.Stack {
			c.Reset()
		}
	}
}

// ends reports whether the fault resets a current connection.
func (f *fault) ends(c *Conn) bool {
	if f.Part != c.server.Part {
		return false
	}
	return f.refuses(c.server) || f.How == Full || f.How == ReadOnly
}
