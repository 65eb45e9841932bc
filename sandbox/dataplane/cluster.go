package dataplane

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"sync"
)

// clusterServer is a cluster's PostgreSQL behind a TLS proxy.
type clusterServer struct {
	mu       sync.Mutex
	spec     Cluster // as last applied
	postgres *postgres
	tlsProxy *tlsProxy
}

// EnsureCluster serves an Aurora cluster and returns its writer address. The
// cluster's readers are the same server.
func (s *Servers) EnsureCluster(ctx context.Context, spec Cluster) (netip.AddrPort, error) {
	c := entry(s, s.clusters, spec.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy == nil {
		if err := s.startCluster(ctx, c, spec.ID); err != nil {
			return netip.AddrPort{}, fmt.Errorf("serve cluster %s: %w", spec.ID, err)
		}
	}
	if err := c.postgres.applyMaster(ctx, spec); err != nil {
		return netip.AddrPort{}, err
	}
	c.spec = spec
	return c.tlsProxy.addr(), nil
}

func (s *Servers) startCluster(ctx context.Context, c *clusterServer, id string) error {
	ip, err := s.addresses.next()
	if err != nil {
		return err
	}
	plain := netip.AddrPortFrom(ip, postgresPlainPort)
	dial := func(client net.Conn) (net.Conn, error) { return c.dialServer(plain.String(), client) }
	listener, err := listenTLS(s.authority, netip.AddrPortFrom(ip, postgresPort), dial, acceptPostgres(clusterRequiresTLS), s.database(), pgALPN)
	if err != nil {
		return err
	}
	pg, err := startPostgres(ctx, s.in, postgresSpec{name: id, superuser: pgSuperuser, addr: plain})
	if err != nil {
		listener.close()
		return err
	}
	c.postgres, c.tlsProxy = pg, listener
	return nil
}

// RemoveCluster stops the cluster's server and deletes its data. Its RDS proxies keep listening and reject clients.
func (s *Servers) RemoveCluster(_ context.Context, id string) error {
	return s.removeCluster(id)
}

func (s *Servers) removeCluster(id string) error {
	c := take(s, s.clusters, id)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy == nil {
		return nil
	}
	c.tlsProxy.close()
	if err := c.postgres.stop(); err != nil {
		return fmt.Errorf("remove cluster %s: %w", id, err)
	}
	return nil
}

// Database is how a local client connects directly to a cluster's server, without TLS, as the master user.
type Database struct {
	Cluster  string         `json:"cluster"`
	Addr     netip.AddrPort `json:"addr"`  // the cluster's, with TLS
	Plain    netip.AddrPort `json:"plain"` // the server's, without TLS
	Name     string         `json:"name"`
	User     string         `json:"user"`
	Password string         `json:"password"`
}

// Databases returns the connections of all clusters.
func (s *Servers) Databases() []Database {
	list := []Database{}
	for id, c := range all(s, s.clusters) {
		c.mu.Lock()
		if c.postgres != nil {
			list = append(list, Database{
				Cluster: id, Addr: c.tlsProxy.addr(), Plain: c.postgres.addr,
				Name: c.spec.Database, User: c.spec.MasterUser, Password: c.spec.MasterPassword,
			})
		}
		c.mu.Unlock()
	}
	return list
}
