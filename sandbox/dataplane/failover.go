package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
)

// FailOverCaches moves the last shard of each matching replication group in cluster mode to another address, as a
// failover does: the map of slots names the new address, the data is there, and the old address refuses connections. A
// group has no replicas, so the server behind both addresses is the same.
func (s *Servers) FailOverCaches(ctx context.Context, match func(group string) bool) error {
	moved := 0
	for id, c := range all(s, s.caches) {
		if !match(id) {
			continue
		}
		if err := s.failOver(ctx, c); err != nil {
			return fmt.Errorf("fail over a shard of cache %s: %w", id, err)
		}
		moved++
	}
	if moved == 0 {
		return errors.New("the stack has no cache")
	}
	return nil
}

func (s *Servers) failOver(ctx context.Context, c *cacheServer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.nodes) - 1
	if last < 0 || !c.nodes[last].spec.cluster {
		return errors.New("it is not in cluster mode")
	}
	ip, err := s.addresses.next()
	if err != nil {
		return err
	}
	node, old := c.nodes[last], c.tlsProxies[last]
	listener, err := listenTLS(s.authority, netip.AddrPortFrom(ip, redisPort), dialTo(node.addr), acceptTLS, s.shard(last, len(c.nodes)))
	if err != nil {
		return err
	}
	if err := s.moveBus(c, ip); err != nil {
		listener.close()
		return err
	}
	if err := node.client.ConfigSet(ctx, "cluster-announce-ip", ip.String()).Err(); err != nil {
		listener.close()
		return err
	}
	node.mu.Lock()
	node.spec.announce = listener.addr()
	node.mu.Unlock()
	c.tlsProxies[last] = listener
	if old == c.endpoint {
		old.drop() // the configuration endpoint resolves to the node that has taken over
		return nil
	}
	old.close()
	return nil
}

// moveBus serves the last node's cluster bus at its new address too: the other nodes open their next
// connection there, and take the node for failed if they cannot.
func (s *Servers) moveBus(c *cacheServer, ip netip.Addr) error {
	node := c.nodes[len(c.nodes)-1]
	bus, err := listenTLS(s.authority, netip.AddrPortFrom(ip, redisBusPort),
		dialTo(netip.AddrPortFrom(node.addr.Addr(), redisBusPort)), acceptPlain, failing{})
	if err != nil {
		return err
	}
	c.movedBuses = append(c.movedBuses, bus)
	return nil
}
