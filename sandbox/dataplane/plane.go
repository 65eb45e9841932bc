// Package dataplane runs the real servers behind the emulated control plane: PostgreSQL for Aurora clusters and RDS
// proxies, Redis for ElastiCache replication groups. Each has its own loopback address, so that the real ports do not
// conflict, and supports TLS with a certificate of the sandbox's CA.
//
// Differences from AWS:
//   - a cluster's readers are its writer;
//   - automated backups have a bound of size, and a cluster can be restored up to now;
//   - an RDS proxy has no pool and pins no session;
//   - a replication group has no replicas and is recreated, empty, when its number of shards changes;
//   - an endpoint's host name is an address, which its certificate contains;
//   - the versions are those of the wheels (PostgreSQL 18, Redis 8.2), whatever version was requested.
package dataplane

import (
	"context"
	"errors"
	"net/netip"
	"time"
)

// Plane starts and stops the servers of the control plane's resources. Every Ensure method is idempotent: it returns the
// same address for the same spec and applies a changed one (password, users) to the running server.
type Plane interface {
	// EnsureCluster serves an Aurora cluster and returns its writer address.
	EnsureCluster(ctx context.Context, spec Cluster) (netip.AddrPort, error)
	// RemoveCluster stops the cluster's server and deletes its data, but what keep says.
	RemoveCluster(ctx context.Context, id string, keep Keep) error
	Backup
	// EnsureProxy serves a proxy's endpoint.
	EnsureProxy(ctx context.Context, spec Proxy) (netip.AddrPort, error)
	// RemoveProxy closes the proxy's listener.
	RemoveProxy(ctx context.Context, name string) error
	// EnsureCache serves a replication group and returns its configuration (cluster mode) or primary endpoint.
	EnsureCache(ctx context.Context, spec Cache) (netip.AddrPort, error)
	// RemoveCache stops the group's servers and deletes their data.
	RemoveCache(ctx context.Context, id string) error
}

// Backup keeps the data of clusters: automated backups, from which a cluster is restored to a time, and snapshots.
type Backup interface {
	// BackUp takes a base backup of a cluster, in addition to the regular ones.
	BackUp(ctx context.Context, cluster string) error
	// Restorable returns the times between which a cluster can be restored from its backups, or false if there are none.
	Restorable(backups string) (Window, bool)
	// RemoveBackups deletes the backups of a deleted cluster.
	RemoveBackups(backups string) error
	// TakeSnapshot copies a cluster's data.
	TakeSnapshot(ctx context.Context, cluster, snapshot string) error
	// RemoveSnapshot deletes a snapshot.
	RemoveSnapshot(snapshot string) error
	// RestoreCluster serves a new cluster with the data of a backup. It returns the cluster with the database, the
	// master user and the password of that time, and its writer address.
	RestoreCluster(ctx context.Context, spec Cluster, from Source) (Cluster, netip.AddrPort, error)
}

// Keep is what stays of a deleted cluster.
type Keep struct {
	Snapshot string // name of the final snapshot; empty: none
	Backups  bool   // the automated backups
}

// Source is what a cluster is restored from: a snapshot, or the backups of a cluster up to a time.
type Source struct {
	Snapshot string
	Backups  string
	Time     time.Time
}

// Window is the first and the last time to which a cluster can be restored.
type Window struct{ Earliest, Latest time.Time }

// Cluster has the parameters of CreateDBCluster that the servers need.
type Cluster struct {
	ID             string
	Database       string // empty: no database beyond the defaults
	MasterUser     string
	MasterPassword string
	Backups        string // name of its automated backups, unique among all clusters, deleted ones included; empty: none
	BackupDays     int    // retention of the automated backups
	// Token verifies a token of IAM database authentication; nil: none is valid.
	Token func(ctx context.Context, user, token string) error
}

// Proxy has the parameters of CreateDBProxy that the servers need.
type Proxy struct {
	Name    string
	Cluster string // its target; empty: none yet
	// Password returns the user's password in the current versions of the proxy's secrets, or ErrNoCredentials.
	Password func(ctx context.Context, user string) (string, error)
	// Pending reports whether the proxy has no capacity yet. If it is nil, the proxy has capacity.
	Pending func() bool
}

// ErrNoCredentials means that no secret of the proxy contains the user.
var ErrNoCredentials = errors.New("no secret of the proxy contains this user")

// Cache has the parameters of CreateReplicationGroup that the servers need.
type Cache struct {
	ID          string
	ClusterMode bool
	Shards      int // 1 when not in cluster mode
	AuthToken   string
	Users       []CacheUser // members of the user group, with RBAC
}

// CacheUser is an ElastiCache user with its ACL access string.
type CacheUser struct {
	Name         string
	Passwords    []string
	AccessString string
}
