package dataplane

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// figuresTimeout bounds the question to one node. One that does not answer publishes nothing, as on AWS.
const figuresTimeout = time.Second

// CacheFigures are those of a node of a replication group.
type CacheFigures struct {
	Group  string
	Shard  int     // from 1
	Memory float64 // percent of the maximum
	// Since the node's start.
	Evictions, Hits, Misses float64
	Connections             float64
}

// CacheFigures asks the nodes that respond.
func (s *Servers) CacheFigures(ctx context.Context) (list []CacheFigures) {
	for id, c := range all(s, s.caches) {
		c.mu.Lock()
		nodes := c.nodes
		c.mu.Unlock()
		for i, node := range nodes {
			if f, err := node.figures(ctx); err == nil {
				f.Group, f.Shard = id, i+1
				list = append(list, f)
			}
		}
	}
	return list
}

func (n *redisNode) figures(ctx context.Context) (CacheFigures, error) {
	ctx, cancel := context.WithTimeout(ctx, figuresTimeout)
	defer cancel()
	text, err := n.client.Info(ctx, "memory", "stats", "clients").Result()
	if err != nil {
		return CacheFigures{}, err
	}
	info := map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		if number, err := strconv.ParseFloat(value, 64); err == nil {
			info[name] = number
		}
	}
	if info["maxmemory"] == 0 {
		return CacheFigures{}, fmt.Errorf("redis %s has no maximum of memory", n.spec.name)
	}
	return CacheFigures{
		Memory: 100 * info["used_memory"] / info["maxmemory"], Evictions: info["evicted_keys"],
		Hits: info["keyspace_hits"], Misses: info["keyspace_misses"], Connections: info["connected_clients"],
	}, nil
}

// Connections returns the number of clients of each cluster whose server runs.
func (s *Servers) Connections() map[string]int {
	list := map[string]int{}
	for id, c := range all(s, s.clusters) {
		c.mu.Lock()
		if c.postgres != nil && c.postgres.keeper.Process().Alive() {
			list[id] = c.tlsProxy.clients()
		}
		c.mu.Unlock()
	}
	return list
}

// clients is the number of current connections.
func (p *tlsProxy) clients() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.conns)
}

// ProxyFigures are those of an RDS proxy. It has no pool: each client has borrowed a connection, which is opened for it.
type ProxyFigures struct {
	Name     string
	Borrowed int
	// Latencies are the times that clients have waited for a connection since the last call.
	Latencies []time.Duration
}

// ProxyFigures returns those of every proxy.
func (s *Servers) ProxyFigures() (list []ProxyFigures) {
	for name, p := range all(s, s.proxies) {
		p.mu.Lock()
		if p.tlsProxy != nil {
			list = append(list, ProxyFigures{name, p.tlsProxy.clients(), p.latencies})
			p.latencies = nil
		}
		p.mu.Unlock()
	}
	return list
}

// maxLatencies bounds the times that a proxy keeps for the next call of ProxyFigures.
const maxLatencies = 1000

func (p *proxyServer) borrowed(took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.latencies) < maxLatencies {
		p.latencies = append(p.latencies, took)
	}
}
