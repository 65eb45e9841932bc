// Package dataplane runs the real servers behind the emulated control plane:
// PostgreSQL for Aurora clusters and RDS proxies, Redis for ElastiCache
// replication groups. Each has a loopback address of its own, so that the real
// ports stay free of clashes, and speaks TLS with the sandbox's CA.
//
// Where it differs from AWS: a cluster's readers are its writer; a proxy keeps
// no pool and pins no session; a replication group runs its primaries alone, without
// replicas, and starts anew, empty, when its number of shards changes; a name
// such as an endpoint's is an address, so that certificates carry that; the
// versions are those of the wheels (PostgreSQL 18, Redis 8.2), whatever the
// control plane was asked for.
package dataplane

import (
	"context"
	"errors"
	"net/netip"
)

// Plane starts and stops the servers that the control plane's resources stand
// for. Every Ensure is idempotent: the same spec gives the same address, and a
// changed one (password, users) is applied to the running server.
type Plane interface {
	// EnsureCluster serves an Aurora cluster and returns its writer address.
	EnsureCluster(ctx context.Context, spec Cluster) (netip.AddrPort, error)
	// RemoveCluster stops the cluster's server and deletes its data.
	RemoveCluster(ctx context.Context, id string) error
	// EnsureProxy serves a proxy's endpoint.
	EnsureProxy(ctx context.Context, spec Proxy) (netip.AddrPort, error)
	// RemoveProxy closes the proxy's listener.
	RemoveProxy(ctx context.Context, name string) error
	// EnsureCache serves a replication group and returns its configuration
	// (cluster mode) or primary endpoint.
	EnsureCache(ctx context.Context, spec Cache) (netip.AddrPort, error)
	// RemoveCache stops the group's servers and deletes their data.
	RemoveCache(ctx context.Context, id string) error
}

// Cluster is what CreateDBCluster says of a database.
type Cluster struct {
	ID             string
	Database       string // empty: no database beyond the defaults
	MasterUser     string
	MasterPassword string
}

// Proxy is what CreateDBProxy says of a proxy.
type Proxy struct {
	Name    string
	Cluster string // its target; empty: none yet
	// Password is what the proxy's secrets have for a user now, ErrNoCredentials
	// if none is for it.
	Password func(ctx context.Context, user string) (string, error)
	// Pending says that the proxy has no capacity yet; nil: it has.
	Pending func() bool
}

// ErrNoCredentials says that no secret of a proxy is for a user.
var ErrNoCredentials = errors.New("no secret of the proxy is for this user")

// Cache is what CreateReplicationGroup says of a cache.
type Cache struct {
	ID          string
	ClusterMode bool
	Shards      int // 1 when not in cluster mode
	AuthToken   string
	Users       []CacheUser // members of the group's user group, when RBAC is on
}

// CacheUser is an ElastiCache user with its ACL access string.
type CacheUser struct {
	Name         string
	Passwords    []string
	AccessString string
}
