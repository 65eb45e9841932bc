package dataplane

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// snapshot is a copy of a cluster's data.
type snapshot struct {
	mu       sync.Mutex // held while the files are read or deleted
	dir      string
	password string // of the superuser
	of       Cluster
}

// TakeSnapshot copies a cluster's data. It has what is committed before the call. Clients are served meanwhile.
func (s *Servers) TakeSnapshot(ctx context.Context, cluster, name string) error {
	pg, of := s.server(cluster)
	if pg == nil {
		return fmt.Errorf("take snapshot %s: cluster %s has no server", name, cluster)
	}
	dir, err := pg.snapshotDir(name)
	if err != nil {
		return err
	}
	if err := pg.baseBackup(ctx, dir); err != nil {
		return errors.Join(fmt.Errorf("take snapshot %s: %w", name, err), os.RemoveAll(dir))
	}
	s.addSnapshot(name, &snapshot{dir: dir, password: pg.password, of: of})
	return nil
}

// server returns a cluster's server, or nil, with the cluster as last applied.
func (s *Servers) server(cluster string) (*postgres, Cluster) {
	c := find(s, s.clusters, cluster)
	if c == nil {
		return nil, Cluster{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.postgres, c.spec
}

// snapshotDir is the directory of a new snapshot, which does not exist yet.
func (pg *postgres) snapshotDir(name string) (string, error) {
	parent := filepath.Join(pg.in.Data, "snapshots")
	if err := privateDir(parent, pg.user); err != nil {
		return "", err
	}
	dir := filepath.Join(parent, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("clear the snapshot's directory: %w", err)
	}
	return dir, nil
}

// finalSnapshot makes the data of a stopped server a snapshot.
func (s *Servers) finalSnapshot(c *clusterServer, name string) error {
	dir, err := c.postgres.snapshotDir(name)
	if err != nil {
		return err
	}
	if err := os.Rename(c.postgres.database(), dir); err != nil {
		return fmt.Errorf("take the final snapshot %s: %w", name, err)
	}
	s.addSnapshot(name, &snapshot{dir: dir, password: c.postgres.password, of: c.spec})
	return nil
}

func (s *Servers) addSnapshot(name string, taken *snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots[name] = taken
}

// RemoveSnapshot deletes a snapshot. It does nothing if there is none of that name.
func (s *Servers) RemoveSnapshot(name string) error {
	taken := take(s, s.snapshots, name)
	if taken == nil {
		return nil
	}
	taken.mu.Lock()
	defer taken.mu.Unlock()
	if err := os.RemoveAll(taken.dir); err != nil {
		return fmt.Errorf("delete snapshot %s: %w", name, err)
	}
	return nil
}

// fromSnapshot restores a snapshot.
func (s *Servers) fromSnapshot(name string, restore func(*copied, Cluster) error) error {
	taken := find(s, s.snapshots, name)
	if taken == nil {
		return fmt.Errorf("there is no snapshot %s", name)
	}
	taken.mu.Lock()
	defer taken.mu.Unlock()
	return restore(&copied{dir: taken.dir, password: taken.password}, taken.of)
}
