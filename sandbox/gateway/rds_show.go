package gateway

import (
	"net/netip"
	"strconv"
)

// showDatabases puts the data plane's addresses and the remembered members
// into any RDS answer. The emulator names hosts that do not exist.
func showDatabases(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	answer.each("DBCluster", x.g.showCluster)
	answer.each("DBInstance", x.g.showInstance)
	answer.visit(func(n *node) { x.showProxy(n) })
	x.answer = answer.bytes()
	return nil
}

func (g *Gateway) clusterAddress(id string) (netip.AddrPort, bool) {
	g.databases.mu.Lock()
	defer g.databases.mu.Unlock()
	served, ok := g.databases.clusters[id]
	return served.address, ok
}

func (g *Gateway) showCluster(cluster *node) {
	id := cluster.value("DBClusterIdentifier")
	g.fields.fill(clusterKey(id), cluster)
	instances := 0
	cluster.each("DBClusterMember", func(*node) { instances++ })
	cluster.set("MultiAZ", strconv.FormatBool(instances > 1))
	if address, ok := g.clusterAddress(id); ok {
		cluster.set("Endpoint", address.Addr().String())
		cluster.set("ReaderEndpoint", address.Addr().String())
		cluster.set("Port", strconv.Itoa(int(address.Port())))
	}
}

func (g *Gateway) showInstance(instance *node) {
	g.fields.fill(instanceKey(instance.value("DBInstanceIdentifier")), instance)
	if cluster := instance.value("DBClusterIdentifier"); cluster != "" {
		g.fields.fill(inheritedKey(cluster), instance)
	}
	endpoint := instance.child("Endpoint")
	address, ok := g.clusterAddress(instance.value("DBClusterIdentifier"))
	if ok && endpoint != nil {
		endpoint.set("Address", address.Addr().String())
		endpoint.set("Port", strconv.Itoa(int(address.Port())))
	}
}
