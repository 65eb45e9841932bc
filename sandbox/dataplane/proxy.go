package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// proxyServer is an RDS proxy's endpoint: a TLS front that lets in by the
// proxy's secrets and leads to a cluster. It keeps no pool of its own.
type proxyServer struct {
	mu    sync.Mutex
	spec  Proxy
	front *front
}

// EnsureProxy serves a proxy endpoint. The cluster may come later, or be empty
// while the proxy has no target.
func (s *Servers) EnsureProxy(_ context.Context, spec Proxy) (netip.AddrPort, error) {
	p := entry(s, s.proxies, spec.Name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.front == nil {
		ip, err := s.addresses.next()
		if err != nil {
			return netip.AddrPort{}, err
		}
		open := func(client net.Conn) (net.Conn, error) { return s.admit(p, client) }
		p.front, err = listenTLS(s.authority, netip.AddrPortFrom(ip, postgresPort), open, acceptPostgres(proxyNeedsTLS), pgALPN)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("serve proxy %s: %w", spec.Name, err)
		}
	}
	p.spec = spec
	return p.front.addr(), nil
}

// admit logs a client in to the proxy's cluster, if the proxy knows it.
func (s *Servers) admit(p *proxyServer, client net.Conn) (net.Conn, error) {
	p.mu.Lock()
	spec := p.spec
	p.mu.Unlock()
	return proxyLogin{password: spec.Password, pending: spec.Pending, server: s.behind(spec.Cluster)}.admit(client)
}

// behind is where a cluster listens now; zero when it does not.
func (s *Servers) behind(cluster string) netip.AddrPort {
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
	if p.front != nil {
		p.front.close()
	}
	return nil
}
