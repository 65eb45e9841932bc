package gateway

import (
	"context"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/dataplane"
)

// proxyCreated opens a proxy's address. It leads nowhere until a target is
// registered, but its endpoint is known from now on, as on AWS.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBProxy.html
func proxyCreated(x *exchange) error {
	name := x.form.Get("DBProxyName")
	if err := x.g.serveProxy(x.r.Context(), name, ""); err != nil {
		return x.g.undo(x.r.Context(), err, map[string]string{"Action": "DeleteDBProxy", "DBProxyName": name})
	}
	return nil
}

// proxyTargetsRegistered leads a proxy to a new target, over which it has no capacity for a while: on AWS
// for 10 to 15 minutes, here for as long as the configuration says.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
func proxyTargetsRegistered(x *exchange) error {
	x.g.databases.mu.Lock()
	x.g.databases.capacity[x.form.Get("DBProxyName")] = x.g.now().Add(x.g.config.ProxyWarmUp)
	x.g.databases.mu.Unlock()
	return proxyTargetsChanged(x)
}

// proxyPending says whether a proxy has no capacity yet.
func (g *Gateway) proxyPending(proxy string) bool {
	g.databases.mu.Lock()
	defer g.databases.mu.Unlock()
	return g.now().Before(g.databases.capacity[proxy])
}

// proxyTargetsChanged leads a proxy to the cluster that is registered now, or
// nowhere.
func proxyTargetsChanged(x *exchange) error {
	ctx, proxy := x.r.Context(), x.form.Get("DBProxyName")
	cluster, err := x.g.proxyTarget(ctx, proxy)
	if err != nil {
		return err
	}
	return x.g.serveProxy(ctx, proxy, cluster)
}

// proxyTarget asks which cluster a proxy has as its target; empty: none.
func (g *Gateway) proxyTarget(ctx context.Context, proxy string) (string, error) {
	answer, err := g.admin.query(ctx, "rds", rdsVersion, map[string]string{"Action": "DescribeDBProxyTargets", "DBProxyName": proxy})
	if err != nil {
		return "", fmt.Errorf("targets of proxy %s: %w", proxy, err)
	}
	target := answer.first("Targets")
	if target == nil || len(target.children) == 0 {
		return "", nil
	}
	first := target.children[0]
	if cluster := first.value("TrackedClusterId"); cluster != "" {
		return cluster, nil
	}
	return first.value("RdsResourceId"), nil
}

// serveProxy opens the endpoint of a proxy.
func (g *Gateway) serveProxy(ctx context.Context, name, cluster string) error {
	address, err := g.config.Plane.EnsureProxy(ctx, dataplane.Proxy{
		Name: name, Cluster: cluster, Password: g.proxyPasswords(name), Pending: func() bool { return g.proxyPending(name) },
	})
	if err != nil {
		return fmt.Errorf("open proxy %s: %w", name, err)
	}
	g.databases.mu.Lock()
	defer g.databases.mu.Unlock()
	g.databases.proxies[name] = address
	return nil
}

func proxyDeleted(x *exchange) error {
	name := x.form.Get("DBProxyName")
	x.g.databases.mu.Lock()
	delete(x.g.databases.proxies, name)
	x.g.databases.mu.Unlock()
	return x.g.config.Plane.RemoveProxy(x.r.Context(), name)
}

func (g *Gateway) proxyAddress(name string) (netip.AddrPort, bool) {
	g.databases.mu.Lock()
	defer g.databases.mu.Unlock()
	address, ok := g.databases.proxies[name]
	return address, ok
}

// showProxy rewrites the endpoint of a proxy or of a proxy's target. They are
// told apart by what they have, since lists of both hold <member> elements.
func (x *exchange) showProxy(n *node) {
	var address netip.AddrPort
	var ok bool
	switch {
	case n.child("DBProxyArn") != nil:
		address, ok = x.g.proxyAddress(n.value("DBProxyName"))
		x.g.hideDropped(n)
	case n.child("TargetHealth") != nil:
		if address, ok = x.g.clusterAddress(n.value("RdsResourceId")); ok {
			n.set("Port", strconv.Itoa(int(address.Port())))
		}
		if health := n.child("TargetHealth"); x.g.proxyPending(x.form.Get("DBProxyName")) {
			health.set("State", "UNAVAILABLE")
			health.set("Reason", "PENDING_PROXY_CAPACITY")
			health.set("Description", "DBProxy Target is waiting for proxy to scale to desired capacity")
		}
	}
	if ok {
		n.set("Endpoint", address.Addr().String())
	}
}
