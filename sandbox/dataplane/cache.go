package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
)

// cacheServer is a replication group: one node per shard, each behind a TLS proxy. It has no replicas.
type cacheServer struct {
	mu         sync.Mutex
	nodes      []*redisNode
	tlsProxies []*tlsProxy
	movedBuses []*tlsProxy // to the cluster bus of the node that has failed over, at its new addresses
	endpoint   *tlsProxy   // the configuration endpoint; the first node's unless that has failed over
}

// EnsureCache serves a replication group and returns its configuration (cluster mode) or primary endpoint. A changed
// number of shards recreates the group, empty.
func (s *Servers) EnsureCache(ctx context.Context, spec Cache) (netip.AddrPort, error) {
	if spec.Shards < 1 || !spec.ClusterMode && spec.Shards != 1 {
		return netip.AddrPort{}, fmt.Errorf("cache %s: %d shards: must be at least 1, and exactly 1 without cluster mode", spec.ID, spec.Shards)
	}
	c := entry(s, s.caches, spec.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.nodes) != spec.Shards {
		if err := c.stop(); err != nil {
			return netip.AddrPort{}, fmt.Errorf("resize cache %s: %w", spec.ID, err)
		}
		if err := s.startCache(ctx, c, spec); err != nil {
			return netip.AddrPort{}, errors.Join(fmt.Errorf("serve cache %s: %w", spec.ID, err), c.stop())
		}
	}
	for _, node := range c.nodes {
		if err := node.applyUsers(ctx, spec); err != nil {
			return netip.AddrPort{}, fmt.Errorf("cache %s: %w", spec.ID, err)
		}
	}
	return c.endpoint.addr(), nil
}

// startCache starts the nodes. On error, c contains those that it has started.
func (s *Servers) startCache(ctx context.Context, c *cacheServer, spec Cache) error {
	var buses []uint16
	for i := range spec.Shards {
		ip, err := s.addresses.next()
		if err != nil {
			return err
		}
		plain := netip.AddrPortFrom(ip, redisPlainPort)
		listener, err := listenTLS(s.authority, netip.AddrPortFrom(ip, redisPort), dialTo(plain), acceptTLS, s.shard(i, spec.Shards))
		if err != nil {
			return err
		}
		c.tlsProxies = append(c.tlsProxies, listener)
		c.endpoint = c.tlsProxies[0]
		node, err := startRedis(ctx, s.in, redisSpec{
			name: fmt.Sprintf("%s-%04d", spec.ID, i+1), addr: plain,
			cluster: spec.ClusterMode, bus: redisBusPort, announce: listener.addr(), closed: true,
		})
		if err != nil {
			return err
		}
		c.nodes = append(c.nodes, node)
		buses = append(buses, redisBusPort)
	}
	if !spec.ClusterMode {
		return nil
	}
	return formCluster(ctx, c.nodes, buses)
}

// RemoveCache stops the group's servers and deletes their data.
func (s *Servers) RemoveCache(_ context.Context, id string) error {
	return s.removeCache(id)
}

func (s *Servers) removeCache(id string) error {
	c := take(s, s.caches, id)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.stop(); err != nil {
		return fmt.Errorf("remove cache %s: %w", id, err)
	}
	return nil
}

// stop stops the running servers of the group.
func (c *cacheServer) stop() error {
	var all error
	for _, listener := range slices.Concat(c.tlsProxies, c.movedBuses) {
		listener.close()
	}
	if c.endpoint != nil {
		c.endpoint.close() // again, unless the first node has failed over
	}
	for _, node := range c.nodes {
		all = errors.Join(all, node.stop())
	}
	c.tlsProxies, c.movedBuses, c.nodes, c.endpoint = nil, nil, nil, nil
	return all
}
