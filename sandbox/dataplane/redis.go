package dataplane

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/sandbox/child"
)

// redisAdmin is the sandbox's own user on every node. Its password is random, and clients' permissions do not depend on
// it.
const redisAdmin = "sandbox-admin"

// redisStartTimeout bounds the start of a node.
const redisStartTimeout = 30 * time.Second

// redisNode is a running redis-server without TLS.
type redisNode struct {
	addr     netip.AddrPort
	password string // of redisAdmin
	dir      string
	spec     redisSpec
	keeper   *child.Keeper
	client   *redis.Client

	mu    sync.Mutex
	users func(context.Context) error // applies the users as of the last applyUsers
}

// redisSpec configures a node.
type redisSpec struct {
	name     string         // in the log file's name and in messages
	addr     netip.AddrPort // where it listens
	cluster  bool
	bus      uint16         // port of the cluster bus
	announce netip.AddrPort // clients' address: the TLS proxy's, or addr
	closed   bool           // nobody but redisAdmin may log in until users are applied
}

// startRedis starts an empty node in a new directory.
func startRedis(ctx context.Context, in Installation, spec redisSpec) (*redisNode, error) {
	dir := filepath.Join(in.Data, "redis-"+spec.name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear Redis's directory: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create Redis's directory: %w", err)
	}
	node := &redisNode{addr: spec.addr, password: rand.Text(), dir: dir, spec: spec, users: func(context.Context) error { return nil }}
	node.client = redis.NewClient(&redis.Options{
		Addr: spec.addr.String(), Username: redisAdmin, Password: node.password, DisableIdentity: true,
	})
	process, err := node.start(ctx, in, spec)
	if err != nil {
		return nil, errors.Join(err, node.client.Close(), os.RemoveAll(dir))
	}
	node.keeper = child.Keep("Redis "+spec.name, process, func(ctx context.Context) (*child.Process, error) { return node.resume(ctx, in) })
	return node, nil
}

// start starts the server and waits until it responds.
func (n *redisNode) start(ctx context.Context, in Installation, spec redisSpec) (*child.Process, error) {
	log, err := openLog(in, "redis-"+spec.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	process, err := child.Start(child.Spec{
		Name: "Redis " + spec.name, Path: in.RedisServer,
		// The configuration contains a password, so it is passed on standard input.
		Args: []string{"-"}, Stdin: strings.NewReader(spec.config(n)),
		Env: []string{child.Marker(in.Root), "LC_ALL=C", "TZ=UTC", "TMPDIR=" + n.dir}, Dir: n.dir, Log: log,
	})
	if err != nil {
		return nil, err
	}
	ready, cancel := context.WithTimeout(ctx, redisStartTimeout)
	defer cancel()
	if err := process.Await(ready, func(ctx context.Context) error { return n.client.Ping(ctx).Err() }); err != nil {
		process.Stop(time.Second)
		return nil, fmt.Errorf("%w (log: %s)", err, log.Name())
	}
	return process, nil
}

// resume starts the server again, with its data, slots and users.
func (n *redisNode) resume(ctx context.Context, in Installation) (*child.Process, error) {
	n.mu.Lock()
	spec, users := n.spec, n.users
	n.mu.Unlock()
	process, err := n.start(ctx, in, spec)
	if err != nil {
		return nil, err
	}
	// Redis keeps the users of ACL SETUSER in memory only.
	if err := users(ctx); err != nil {
		process.Stop(time.Second)
		return nil, err
	}
	return process, nil
}

func (s redisSpec) config(node *redisNode) string {
	lines := []string{
		"bind " + s.addr.Addr().String(),
		fmt.Sprintf("port %d", s.addr.Port()),
		"dir " + node.dir,
		// What a killed server has written is in the kernel's cache. A sandbox starts empty.
		`save ""`, "appendonly yes", "appendfsync no", "protected-mode no",
		// ElastiCache's default policy; a node of the smallest size has 0.5 GiB.
		"maxmemory 400mb", "maxmemory-policy volatile-lru",
		"user " + redisAdmin + " on >" + node.password + " ~* &* +@all",
	}
	if s.closed {
		lines = append(lines, "user "+defaultUser+" off")
	}
	if s.cluster {
		lines = append(lines,
			"cluster-enabled yes", "cluster-node-timeout 5000",
			fmt.Sprintf("cluster-port %d", s.bus),
			"cluster-announce-ip "+s.announce.Addr().String(),
			fmt.Sprintf("cluster-announce-port %d", s.announce.Port()),
			fmt.Sprintf("cluster-announce-bus-port %d", s.bus),
		)
	}
	return strings.Join(lines, "\n") + "\n"
}

// stop stops the node and deletes its data.
func (n *redisNode) stop() error {
	n.keeper.Stop(5 * time.Second)
	return errors.Join(n.client.Close(), os.RemoveAll(n.dir))
}
