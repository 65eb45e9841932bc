package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Services are plain servers on free ports for a test to use: a
// PostgreSQL, a Redis and a Redis cluster, with a TLS front before the first
// two.
type Services struct {
	postgres *postgres
	redis    *redisNode
	cluster  []*redisNode
	fronts   []*front
}

// testSuperuser owns the test PostgreSQL.
const testSuperuser = "postgres"

// testAddress is a loopback address of the servers' own. On 127.0.0.1 a port that was free is soon
// taken: every client's connection is from there, and tests listen there on the next free one.
var testAddress = netip.AddrFrom4([4]byte{127, 75, 0, 1})

// testShards is the smallest number of nodes that redirect among each other.
const testShards = 3

// StartServices starts the servers, empty.
func StartServices(ctx context.Context, in Installation, authority *Authority) (*Services, error) {
	ports, err := freePorts(2 + 2*testShards) // at once, so that they differ
	if err != nil {
		return nil, err
	}
	s := &Services{}
	steps := make(chan error)
	go func() { steps <- s.startPostgres(ctx, in, ports[0]) }()
	go func() { steps <- s.startRedis(ctx, in, ports[1:]) }()
	if err := errors.Join(<-steps, <-steps); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	for _, behind := range []struct {
		addr   netip.AddrPort
		accept acceptFunc
	}{{s.postgres.addr, acceptPostgres(clusterNeedsTLS)}, {s.redis.addr, acceptTLS}} {
		front, err := listenTLS(authority, netip.AddrPortFrom(behind.addr.Addr(), 0), to(behind.addr), behind.accept)
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.fronts = append(s.fronts, front)
	}
	return s, nil
}

func (s *Services) startPostgres(ctx context.Context, in Installation, addr netip.AddrPort) (err error) {
	s.postgres, err = startPostgres(ctx, in, postgresSpec{name: "test", superuser: testSuperuser, addr: addr})
	return err
}

func (s *Services) startRedis(ctx context.Context, in Installation, ports []netip.AddrPort) (err error) {
	s.redis, err = startRedis(ctx, in, redisSpec{name: "test", addr: ports[0]})
	if err != nil {
		return err
	}
	var buses []uint16
	for i := range testShards {
		addr, bus := ports[1+2*i], ports[2+2*i].Port()
		node, err := startRedis(ctx, in, redisSpec{
			name: fmt.Sprintf("test-%04d", i+1), addr: addr, cluster: true, bus: bus, announce: addr,
		})
		if err != nil {
			return err
		}
		s.cluster, buses = append(s.cluster, node), append(buses, bus)
	}
	return formCluster(ctx, s.cluster, buses)
}

// freePorts finds free ports of testAddress, all different. Nothing holds them
// until a server takes them.
func freePorts(n int) ([]netip.AddrPort, error) {
	var free []netip.AddrPort
	for range n {
		listener, err := net.Listen("tcp", netip.AddrPortFrom(testAddress, 0).String())
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		free = append(free, listener.Addr().(*net.TCPAddr).AddrPort())
	}
	return free, nil
}

// Env are the variables by which tests find the servers.
func (s *Services) Env() []string {
	postgresTLS, redisTLS := s.fronts[0].addr(), s.fronts[1].addr()
	return []string{
		"TEST_POSTGRES_URL=" + s.postgres.url(testSuperuser, "postgres"),
		"TEST_POSTGRES_TLS_PORT=" + strconv.Itoa(int(postgresTLS.Port())),
		"TEST_REDIS_ADDR=" + s.redis.addr.String(),
		"TEST_REDIS_TLS_ADDR=" + redisTLS.String(),
		"TEST_REDIS_CLUSTER_ADDR=" + s.cluster[0].addr.String(),
	}
}

// Close stops the servers and deletes their data.
func (s *Services) Close() error {
	var all error
	for _, front := range s.fronts {
		front.close()
	}
	if s.postgres != nil {
		all = errors.Join(all, s.postgres.stop())
	}
	if s.redis != nil {
		all = errors.Join(all, s.redis.stop())
	}
	for _, node := range s.cluster {
		all = errors.Join(all, node.stop())
	}
	return all
}
