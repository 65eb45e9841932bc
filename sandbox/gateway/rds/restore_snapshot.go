package rds

import (
	"cmp"
	"net/http"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// ofSnapshot are the parameters of RestoreDBClusterFromSnapshot that RestoreDBClusterToPointInTime lacks.
var ofSnapshot = []string{"AvailabilityZones.", "DatabaseName", "Engine", "EngineVersion", "SnapshotIdentifier"}

// snapshotToRestore validates RestoreDBClusterFromSnapshot. A version before the snapshot's is rejected with AWS's message
// in aws-samples/redcap-on-aws#99.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
func (s *service) snapshotToRestore(x *call.Exchange) (*restoration, *rejection, error) {
	id := x.Form.Get("SnapshotIdentifier")
	name := id[strings.LastIndex(id, ":")+1:]
	snapshot, err := s.describe(x.Request.Context(), "DBClusterSnapshot", name)
	if err != nil {
		return nil, nil, err
	}
	if name == "" || snapshot == nil {
		return nil, &rejection{http.StatusNotFound, "DBClusterSnapshotNotFoundFault", "DBClusterSnapshot " + id + " not found"}, nil
	}
	s.databases.mu.Lock()
	database, ok := s.databases.snapshots[name]
	s.databases.mu.Unlock()
	engine, of := snapshot.Value("Engine"), snapshot.Value("EngineVersion")
	wanted := cmp.Or(x.Form.Get("EngineVersion"), of)
	switch {
	case !ok:
		return nil, rejected("SandboxNotServed", "The sandbox has no data of the snapshot %s: it runs PostgreSQL only.", name), nil
	case x.Form.Get("Engine") != engine:
		return nil, rejected("InvalidParameterCombination", "The engine %q is not the engine of the DB cluster snapshot, %s.", x.Form.Get("Engine"), engine), nil
	case compareVersions(wanted, of) < 0:
		return nil, rejected("InvalidParameterCombination", "The engine version you requested for your restored DB cluster (%s) is earlier than the engine version of the DB cluster snapshot (%s).", wanted, of), nil
	case x.Form.Has("DatabaseName") && x.Form.Get("DatabaseName") != database:
		return nil, rejected("SandboxNotServed", "The sandbox restores a cluster with the database of its snapshot only, %q.", database), nil
	}
	key := cmp.Or(x.Form.Get("KmsKeyId"), snapshot.Value("KmsKeyId"))
	return &restoration{dataplane.Source{Snapshot: name}, map[string]string{
		"DatabaseName": database, "EngineVersion": wanted, "MasterUsername": snapshot.Value("MasterUsername"),
		"KmsKeyId": key, "StorageEncrypted": strconv.FormatBool(key != "" || snapshot.Value("StorageEncrypted") == "true"),
	}}, nil, nil
}

// compareVersions compares engine versions such as 17.5.
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		m, _ := strconv.Atoi(x)
		n, _ := strconv.Atoi(y)
		if m != n {
			return m - n
		}
	}
	return 0
}
