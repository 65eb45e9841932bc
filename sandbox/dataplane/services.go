package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// Services are servers for tests on free ports: PostgreSQL, Redis and a Redis cluster. The first two are also reachable
// through TLS proxies.
type Services struct {
	postgres   *postgres
	redis      *redisNode
	cluster    []*redisNode
	tlsProxies []*tlsProxy
}

// testSuperuser owns the test PostgreSQL.
const testSuperuser = "postgres"

// testAddress is a loopback address for these servers only. On 127.0.0.1 a free port is soon in use: clients connect
// from there, and tests listen there on the next free port.
var testAddress = netip.AddrFrom4([4]byte{127, 75, 0, 1})

// testShards is the number of nodes of the Redis cluster, which redirect clients to each other.
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
	for _, server := range []struct {
		addr   netip.AddrPort
		accept acceptFunc
	}{{s.postgres.addr, acceptPostgres(clusterRequiresTLS)}, {s.redis.addr, acceptTLS}} {
		listener, err := listenTLS(authority, netip.AddrPortFrom(server.addr.Addr(), 0), dialTo(server.addr), server.accept, failing{})
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.tlsProxies = append(s.tlsProxies, listener)
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

// freePorts finds different free ports of testAddress. They are not reserved.
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

// Env returns the environment variables with the servers' addresses.
func (s *Services) Env() []string {
	postgresTLS, redisTLS := s.tlsProxies[0].addr(), s.tlsProxies[1].addr()
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
	for _, listener := range s.tlsProxies {
		listener.close()
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
