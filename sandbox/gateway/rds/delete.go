package rds

import (
	"errors"
	"net/http"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// deleteCluster takes the final snapshot, whose name is required unless the snapshot is skipped and must be new. The
// emulator takes no snapshot, so it is created here, and deleted if the cluster is not deleted. Automated backups are
// deleted with the cluster unless the call retains them.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
func (s *service) deleteCluster(remove call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		snapshot := x.Form.Get("FinalDBSnapshotIdentifier")
		if skip := x.Form.Get("SkipFinalSnapshot") == "true"; skip == (snapshot != "") {
			return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and cannot be specified with it.")
		}
		if exists, err := finalSnapshot(x, "CreateDBClusterSnapshot", snapshot); err != nil {
			return err
		} else if exists {
			return x.Reject(http.StatusBadRequest, "DBClusterSnapshotAlreadyExistsFault", "Cannot create the cluster snapshot because one with the identifier "+snapshot+" already exists.")
		}
		if err := remove(x); err != nil {
			return err
		}
		if !x.Succeeded() {
			_, err := finalSnapshot(x, "DeleteDBClusterSnapshot", snapshot)
			return err
		}
		return s.retainBackups(x)
	}
}

// finalSnapshot creates or deletes the snapshot, if it has a name, and reports whether one of that name exists. The
// deletion itself rejects a cluster that does not exist.
func finalSnapshot(x *call.Exchange, action, snapshot string) (exists bool, err error) {
	if snapshot == "" {
		return false, nil
	}
	parameters := map[string]string{"Action": action, "DBClusterSnapshotIdentifier": snapshot}
	if action == "CreateDBClusterSnapshot" {
		parameters["DBClusterIdentifier"] = x.Form.Get("DBClusterIdentifier")
	}
	_, err = x.Emulator.Query(x.Request.Context(), "rds", version, parameters)
	var apiErr *emulator.Error
	if errors.As(err, &apiErr) && strings.Contains(apiErr.Body, "DBClusterSnapshotAlreadyExists") {
		return true, nil
	}
	if emulator.NotFound(err) {
		err = nil
	}
	return false, err
}

// backupMembers are the members that a retained backup has in common with its deleted cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterAutomatedBackup.html
var backupMembers = []string{
	"BackupRetentionPeriod", "DBClusterArn", "DBClusterIdentifier", "DbClusterResourceId", "Engine", "EngineVersion", "KmsKeyId", "MasterUsername",
}

// retainBackups stores the backups of the cluster that was just deleted, if the call retains them.
func (s *service) retainBackups(x *call.Exchange) error {
	if x.Form.Get("DeleteAutomatedBackups") != "false" {
		return nil
	}
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	cluster, backup := response.First("DBCluster"), &xmltree.Node{Name: "DBClusterAutomatedBackup"}
	for _, member := range backupMembers {
		backup.Set(member, cluster.Value(member))
	}
	backup.Set("Status", "retained")
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	s.databases.backups = append(s.databases.backups, backup)
	return nil
}

// describeBackups lists the retained backups of deleted clusters; those of existing clusters are not listed.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterAutomatedBackups.html
func (s *service) describeBackups(x *call.Exchange) error {
	var found []*xmltree.Node
	s.databases.mu.Lock()
	for _, backup := range s.databases.backups {
		if id := x.Form.Get("DBClusterIdentifier"); id == "" || id == backup.Value("DBClusterIdentifier") {
			found = append(found, backup)
		}
	}
	s.databases.mu.Unlock()
	return x.RespondQuery(xmltree.ListResult("DBClusterAutomatedBackups", found))
}

// rejectMemberVersion rejects a new engine version for one instance of a cluster, which is upgraded with its cluster.
// The emulator sets it.
// https://github.com/aws/aws-cdk/issues/21758
func rejectMemberVersion(modify call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		if x.Form.Get("EngineVersion") != "" {
			return x.Reject(http.StatusBadRequest, "InvalidParameterCombination", "The specified DB Instance is a member of a cluster. Modify the DB engine version for the DB Cluster using the ModifyDbCluster API")
		}
		return modify(x)
	}
}
