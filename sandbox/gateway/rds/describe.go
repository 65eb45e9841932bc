package rds

import (
	"net/netip"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// fillResponse adds the data plane's addresses and the stored members to any
// response. The emulator returns hosts that do not exist.
func (s *service) fillResponse(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		response.Each("DBCluster", s.fillCluster)
		response.Each("DBInstance", s.fillInstance)
		response.Visit(func(n *xmltree.Node) { s.fillProxy(x, n) })
		return nil
	})
}

func (s *service) clusterAddress(id string) (netip.AddrPort, bool) {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	served, ok := s.databases.clusters[id]
	return served.address, ok
}

func (s *service) fillCluster(cluster *xmltree.Node) {
	id := cluster.Value("DBClusterIdentifier")
	s.Fields.Fill(clusterKey(id), cluster)
	instances := 0
	cluster.Each("DBClusterMember", func(*xmltree.Node) { instances++ })
	cluster.Set("MultiAZ", strconv.FormatBool(instances > 1))
	if window, ok := s.plane.Restorable(cluster.Value("DbClusterResourceId")); ok {
		cluster.Set("EarliestRestorableTime", timestamp(window.Earliest))
		cluster.Set("LatestRestorableTime", timestamp(window.Latest))
	}
	if address, ok := s.clusterAddress(id); ok {
		cluster.Set("Endpoint", address.Addr().String())
		cluster.Set("ReaderEndpoint", address.Addr().String())
		cluster.Set("Port", strconv.Itoa(int(address.Port())))
	}
}

func (s *service) fillInstance(instance *xmltree.Node) {
	s.Fields.Fill(InstanceKey(instance.Value("DBInstanceIdentifier")), instance)
	if cluster := instance.Value("DBClusterIdentifier"); cluster != "" {
		s.Fields.Fill(inheritedKey(cluster), instance)
	}
	endpoint := instance.Child("Endpoint")
	address, ok := s.clusterAddress(instance.Value("DBClusterIdentifier"))
	if ok && endpoint != nil {
		endpoint.Set("Address", address.Addr().String())
		endpoint.Set("Port", strconv.Itoa(int(address.Port())))
	}
}
