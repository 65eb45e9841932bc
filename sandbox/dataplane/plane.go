// Package dataplane runs the real servers behind the emulated control plane: PostgreSQL for Aurora clusters and RDS
// proxies, Redis for ElastiCache replication groups. Each has its own loopback address, so that the real ports do not
// conflict, and supports TLS with a certificate of the sandbox's CA.
//
// Differences from AWS:
//   - a cluster's readers are its writer;
//   - an RDS proxy has no pool and pins no session;
//   - a replication group has no replicas and is recreated, empty, when its number of shards changes;
//   - an endpoint's host name is an address, which its certificate contains;
//   - the versions are those of the wheels (PostgreSQL 18, Redis 8.2), whatever version was requested.
package dataplane

import (
	"context"
	"errors"
	"net/netip"
)

// Plane starts and stops the servers of the control plane's resources. Every Ensure method is idempotent: it returns the
// same address for the same spec and applies a changed one (password, users) to the running server.
type Plane interface {
	// EnsureCluster serves an Aurora cluster and returns its writer address.
	EnsureCluster(ctx context.Context, spec Cluster) (netip.AddrPort, error)
	// RemoveCluster stops the cluster's server and deletes its data.
	RemoveCluster(ctx context.Context, id string) error
	// EnsureProxy serves a proxy's endpoint.
	EnsureProxy(ctx context.Context, spec Proxy) (netip.AddrPort, error)
	// RemoveProxy closes the proxy's listener.
	RemoveProxy(ctx context.Context, name string) error
	// EnsureCache serves a replication group and returns its configuration (cluster mode) or primary endpoint.
	EnsureCache(ctx context.Context, spec Cache) (netip.AddrPort, error)
	// RemoveCache stops the group's servers and deletes their data.
	RemoveCache(ctx context.Context, id string) error
}

// Cluster has the parameters of CreateDBCluster that the servers need.
type Cluster struct {
	ID             string
	Database       string // empty: no database beyond the defaults
	MasterUser     string
	MasterPassword string
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
