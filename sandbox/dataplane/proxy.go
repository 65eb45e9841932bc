package dataplane

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
)

// proxyServer is an RDS proxy's endpoint: a TLS front that leads to a cluster.
// It keeps no pool of its own.
type proxyServer struct {
	mu      sync.Mutex
	cluster string
	front   *front
}

// EnsureProxy serves a proxy endpoint that leads to the cluster. The cluster
// may come later, or be empty while the proxy has no target.
func (s *Servers) EnsureProxy(_ context.Context, name, clusterID string) (netip.AddrPort, error) {
	p := entry(s, s.proxies, name)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.front == nil {
		ip, err := s.addresses.next()
		if err != nil {
			return netip.AddrPort{}, err
		}
		p.front, err = listenTLS(s.authority, netip.AddrPortFrom(ip, postgresPort), func() netip.AddrPort { return s.behind(p) }, acceptPostgres(proxyNeedsTLS), pgALPN)
		if err != nil {
			return netip.AddrPort{}, fmt.Errorf("serve proxy %s: %w", name, err)
		}
	}
	p.cluster = clusterID
	return p.front.addr(), nil
}

// behind is where the proxy's cluster listens now; zero when it does not.
func (s *Servers) behind(p *proxyServer) netip.AddrPort {
	p.mu.Lock()
	cluster := p.cluster
	p.mu.Unlock()
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
