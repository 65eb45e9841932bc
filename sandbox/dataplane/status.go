package dataplane

import (
	"context"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/child"
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

// kept completes the status of a server that is a process of its own.
func kept(k *child.Keeper, s Server) Server {
	p := k.Process()
	s.PID, s.Since, s.Alive, s.Restarts = p.PID(), p.Since(), p.Alive(), k.Restarts()
	if err := k.Err(); err != nil {
		s.Error = err.Error()
	}
	return s
}

// Settle waits until restarts in progress have ended.
func (s *Servers) Settle(ctx context.Context) {
	for _, k := range s.keepers() {
		k.Settle(ctx)
	}
}

func (s *Servers) keepers() (list []*child.Keeper) {
	for _, c := range all(s, s.clusters) {
		c.mu.Lock()
		if c.postgres != nil {
			list = append(list, c.postgres.keeper)
		}
		c.mu.Unlock()
	}
	for _, c := range all(s, s.caches) {
		c.mu.Lock()
		for _, node := range c.nodes {
			list = append(list, node.keeper)
		}
		c.mu.Unlock()
	}
	return list
}

func (c *clusterServer) status(id string) []Server {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy == nil {
		return nil
	}
	return []Server{kept(c.postgres.keeper, Server{Kind: "postgres", Name: id, Addr: c.tlsProxy.addr(), Plain: c.postgres.addr})}
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
		list = append(list, kept(node.keeper, Server{Kind: "redis", Name: id, Addr: c.tlsProxies[i].addr(), Plain: node.addr}))
	}
	return list
}
