package dataplane

import (
	"slices"
	"strings"
)

// Status lists the servers, sorted by kind and name.
func (s *Servers) Status() []Server {
	var list []Server
	for id, server := range all(s, s.clusters) {
		list = append(list, server.status(id)...)
	}
	for name, server := range all(s, s.proxies) {
		list = append(list, server.status(name)...)
	}
	for id, server := range all(s, s.caches) {
		list = append(list, server.status(id)...)
	}
	slices.SortFunc(list, func(a, b Server) int {
		return strings.Compare(a.Kind+a.Name, b.Kind+b.Name)
	})
	return list
}

func (c *clusterServer) status(id string) []Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy == nil {
		return nil
	}
	p := c.postgres.process
	return []Server{{Kind: "postgres", Name: id, Addr: c.tlsProxy.addr(), Plain: c.postgres.addr, PID: p.PID(), Since: p.Since(), Alive: p.Alive()}}
}

func (p *proxyServer) status(name string) []Server {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tlsProxy == nil {
		return nil
	}
	return []Server{{Kind: "proxy", Name: name, Addr: p.tlsProxy.addr(), Alive: true, Target: p.spec.Cluster}}
}

func (c *cacheServer) status(id string) []Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Server
	for i, node := range c.nodes {
		list = append(list, Server{
			Kind: "redis", Name: id, Addr: c.tlsProxies[i].addr(), Plain: node.addr,
			PID: node.process.PID(), Since: node.process.Since(), Alive: node.process.Alive(),
		})
	}
	return list
}
