package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// clusterServer is a cluster's PostgreSQL behind a TLS proxy.
type clusterServer struct {
	mu       sync.Mutex
	spec     Cluster // as last applied
	postgres *postgres
	tlsProxy *tlsProxy
	backups  *backups // nil: none
}

// EnsureCluster serves an Aurora cluster and returns its writer address. The
// cluster's readers are the same server.
func (s *Servers) EnsureCluster(ctx context.Context, spec Cluster) (netip.AddrPort, error) {
	c := entry(s, s.clusters, spec.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy == nil {
		if err := s.startCluster(ctx, c, spec, nil); err != nil {
			return netip.AddrPort{}, fmt.Errorf("serve cluster %s: %w", spec.ID, err)
		}
	}
	if err := c.postgres.applyMaster(ctx, spec); err != nil {
		return netip.AddrPort{}, err
	}
	c.spec = spec
	if err := c.keepBackups(ctx, spec); err != nil {
		return netip.AddrPort{}, fmt.Errorf("back up cluster %s: %w", spec.ID, err)
	}
	return c.tlsProxy.addr(), nil
}

// startCluster starts a cluster's server, empty or from a copy.
func (s *Servers) startCluster(ctx context.Context, c *clusterServer, spec Cluster, from *copied) (err error) {
	ip, err := s.addresses.next()
	if err != nil {
		return err
	}
	server := postgresSpec{name: spec.ID, superuser: pgSuperuser, addr: netip.AddrPortFrom(ip, postgresPlainPort), from: from}
	var archived *backups
	if spec.Backups != "" {
		if archived, err = s.openBackups(spec.Backups); err != nil {
			return err
		}
		defer func() {
			if err != nil {
				err = errors.Join(err, s.RemoveBackups(spec.Backups))
			}
		}()
		server.archive = archived.archive()
	}
	dial := func(client net.Conn) (net.Conn, error) { return c.dialServer(server.addr.String(), client) }
	listener, err := listenTLS(s.authority, netip.AddrPortFrom(ip, postgresPort), dial, acceptPostgres(clusterRequiresTLS), s.database(), pgALPN)
	if err != nil {
		return err
	}
	pg, err := startPostgres(ctx, s.in, server)
	if err != nil {
		listener.close()
		return err
	}
	c.postgres, c.tlsProxy, c.backups = pg, listener, archived
	return nil
}

// RemoveCluster stops the cluster's server and deletes its data, but what keep says. Its RDS proxies keep listening and
// reject clients.
func (s *Servers) RemoveCluster(_ context.Context, id string, keep Keep) error {
	return s.removeCluster(id, keep)
}

func (s *Servers) removeCluster(id string, keep Keep) error {
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
	if err := s.stopCluster(c, keep); err != nil {
		return fmt.Errorf("remove cluster %s: %w", id, err)
	}
	return nil
}

// stopCluster stops the server after its last client was disconnected: the final snapshot and the backups have every
// commit.
func (s *Servers) stopCluster(c *clusterServer, keep Keep) error {
	var all error
	if c.backups != nil {
		c.backups.close(time.Now())
	}
	if keep.Backups && c.backups != nil {
		all = c.postgres.archiveAll(context.Background())
	}
	c.postgres.keeper.Stop(10 * time.Second)
	if keep.Snapshot != "" {
		all = errors.Join(all, s.finalSnapshot(c, keep.Snapshot))
	}
	if c.backups != nil && !keep.Backups {
		all = errors.Join(all, s.RemoveBackups(c.spec.Backups))
	}
	return errors.Join(all, c.postgres.stop())
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
