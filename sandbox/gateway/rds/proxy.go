package rds

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// proxyCreated opens a proxy's endpoint. Connections fail until a target is
// registered, as on AWS.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html
func (s *service) proxyCreated(x *call.Exchange) error {
	name := x.Form.Get("DBProxyName")
	if err := s.serveProxy(x.Request.Context(), name, ""); err != nil {
		return s.rollBack(x.Request.Context(), err, map[string]string{"Action": "DeleteDBProxy", "DBProxyName": name})
	}
	return nil
}

// proxyTargetsRegistered connects a proxy to a new target. The proxy has no capacity at first: on AWS for 10 to 15
// minutes, here for the configured time.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
func (s *service) proxyTargetsRegistered(x *call.Exchange) error {
	s.databases.mu.Lock()
	s.databases.capacity[x.Form.Get("DBProxyName")] = x.Now().Add(s.warmUp)
	s.databases.mu.Unlock()
	return s.proxyTargetsChanged(x)
}

// proxyPending reports whether a proxy has no capacity yet.
func (s *service) proxyPending(proxy string) bool {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	return s.Now().Before(s.databases.capacity[proxy])
}

// proxyTargetsChanged connects a proxy to its registered cluster, if there is one.
func (s *service) proxyTargetsChanged(x *call.Exchange) error {
	ctx, proxy := x.Request.Context(), x.Form.Get("DBProxyName")
	cluster, err := s.proxyTarget(ctx, proxy)
	if err != nil {
		return err
	}
	return s.serveProxy(ctx, proxy, cluster)
}

// proxyTarget returns the cluster that is a proxy's target, or an empty string.
func (s *service) proxyTarget(ctx context.Context, proxy string) (string, error) {
	response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBProxyTargets", "DBProxyName": proxy})
	if err != nil {
		return "", fmt.Errorf("targets of proxy %s: %w", proxy, err)
	}
	target := response.First("Targets")
	if target == nil || len(target.Children) == 0 {
		return "", nil
	}
	first := target.Children[0]
	if cluster := first.Value("TrackedClusterId"); cluster != "" {
		return cluster, nil
	}
	return first.Value("RdsResourceId"), nil
}

// serveProxy opens or changes the endpoint of a proxy.
func (s *service) serveProxy(ctx context.Context, name, cluster string) error {
	address, err := s.plane.EnsureProxy(ctx, dataplane.Proxy{
		Name: name, Cluster: cluster, Password: s.proxyPasswords(name), Pending: func() bool { return s.proxyPending(name) },
	})
	if err != nil {
		return fmt.Errorf("start the proxy %s: %w", name, err)
	}
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	s.databases.proxies[name] = address
	return nil
}

func (s *service) proxyDeleted(x *call.Exchange) error {
	name := x.Form.Get("DBProxyName")
	s.databases.mu.Lock()
	delete(s.databases.proxies, name)
	s.databases.mu.Unlock()
	return s.plane.RemoveProxy(x.Request.Context(), name)
}

func (s *service) proxyAddress(name string) (netip.AddrPort, bool) {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	address, ok := s.databases.proxies[name]
	return address, ok
}

// fillProxy sets the endpoint of a proxy or of a proxy's target. Their members
// distinguish them, because lists of both have <member> elements.
func (s *service) fillProxy(x *call.Exchange, n *xmltree.Node) {
	var address netip.AddrPort
	var ok bool
	switch {
	case n.Child("DBProxyArn") != nil:
		address, ok = s.proxyAddress(n.Value("DBProxyName"))
		s.removeDropped(n)
	case n.Child("TargetHealth") != nil:
		if address, ok = s.clusterAddress(n.Value("RdsResourceId")); ok {
			n.Set("Port", strconv.Itoa(int(address.Port())))
		}
		if health := n.Child("TargetHealth"); s.proxyPending(x.Form.Get("DBProxyName")) {
			health.Set("State", "UNAVAILABLE")
			health.Set("Reason", "PENDING_PROXY_CAPACITY")
			health.Set("Description", "DBProxy Target is waiting for proxy to scale to desired capacity")
		}
	}
	if ok {
		n.Set("Endpoint", address.Addr().String())
	}
}
