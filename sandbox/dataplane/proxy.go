package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// proxyServer is an RDS proxy's endpoint: a TLS proxy that authenticates clients against the RDS proxy's secrets and
// relays to a cluster. It has no connection pool.
type proxyServer struct {
	mu       sync.Mutex
	spec     Proxy
	tlsProxy *tlsProxy

	latencies []time.Duration // of connections, for ProxyFigures
}

// EnsureProxy serves a proxy's endpoint. The cluster may be created later; it is empty while the proxy has no target.
func (s *Servers) EnsureProxy(_ context.Context, spec Proxy) (netip.AddrPort, error) {
	p := entry(s, s.proxies, spec.Name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tlsProxy == nil {
		ip, err := s.addresses.next()
		if err != nil {
			return netip.AddrPort{}, err
		}
		dial := func(client net.Conn) (net.Conn, error) { return s.dialCluster(p, client) }
		p.tlsProxy, err = listenTLS(s.authority, netip.AddrPortFrom(ip, postgresPort), dial, acceptPostgres(proxyRequiresTLS), s.database(), pgALPN)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("serve proxy %s: %w", spec.Name, err)
		}
	}
	former := p.spec.Cluster
	p.spec = spec
	if spec.Cluster != former {
		p.tlsProxy.drop() // a proxy has connections to its target alone
	}
	return p.tlsProxy.addr(), nil
}

// dialCluster authenticates a client and connects it to the proxy's cluster.
func (s *Servers) dialCluster(p *proxyServer, client net.Conn) (net.Conn, error) {
	p.mu.Lock()
	spec := p.spec
	p.mu.Unlock()
	return proxyLogin{password: spec.Password, pending: spec.Pending, server: s.backendAddr(spec.Cluster), borrowed: p.borrowed}.connect(client)
}

// backendAddr is the address of a cluster's server, or zero if it is not running.
func (s *Servers) backendAddr(cluster string) netip.AddrPort {
	c := find(s, s.clusters, cluster)
	if c == nil {
		return netip.AddrPort{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.postgres == nil {
		return netip.AddrPort{}
	}
	return c.postgres.addr
}

// RemoveProxy closes the proxy's listener.
func (s *Servers) RemoveProxy(_ context.Context, name string) error {
	return s.removeProxy(name)
}

func (s *Servers) removeProxy(name string) error {
	p := take(s, s.proxies, name)
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tlsProxy != nil {
		p.tlsProxy.close()
	}
	return nil
}
