package rds

import (
	"fmt"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// snapshotCreated copies the cluster's data; the emulator stores what describes a snapshot. The snapshot is available
// when the call returns.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
func (s *service) snapshotCreated(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	taken := response.First("DBClusterSnapshot")
	name, cluster := taken.Value("DBClusterSnapshotIdentifier"), taken.Value("DBClusterIdentifier")
	served, ok := s.servedCluster(cluster)
	if !ok {
		return nil // the data plane runs PostgreSQL only
	}
	if err := s.plane.TakeSnapshot(x.Request.Context(), cluster, name); err != nil {
		return s.rollBack(x.Request.Context(), err, map[string]string{"Action": "DeleteDBClusterSnapshot", "DBClusterSnapshotIdentifier": name})
	}
	s.addSnapshot(name, served)
	return nil
}

// addSnapshot records that the data plane has a snapshot of the cluster.
func (s *service) addSnapshot(name string, of servedCluster) {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	s.databases.snapshots[name] = of.spec.Database
}

// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterSnapshot.html
func (s *service) snapshotDeleted(x *call.Exchange) error {
	name := x.Form.Get("DBClusterSnapshotIdentifier")
	s.databases.mu.Lock()
	delete(s.databases.snapshots, name)
	s.databases.mu.Unlock()
	if err := s.plane.RemoveSnapshot(name); err != nil {
		return fmt.Errorf("delete snapshot %s: %w", name, err)
	}
	return nil
}

func (s *service) servedCluster(id string) (servedCluster, bool) {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	served, ok := s.databases.clusters[id]
	return served, ok
}
