package rds

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// deleteCluster takes the final snapshot, whose name is required unless the snapshot is skipped and must be new. The
// emulator takes no snapshot, so it is created here, and deleted if the cluster is not deleted; its data is what the
// cluster's server leaves. Automated backups are deleted with the cluster unless the call retains them.
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
		if err := remove(x); err != nil || !x.Succeeded() {
			_, undo := finalSnapshot(x, "DeleteDBClusterSnapshot", snapshot)
			return errors.Join(err, undo)
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
	if failed := emulatorError(err); failed != nil && strings.Contains(failed.Body, "DBClusterSnapshotAlreadyExists") {
		return true, nil
	}
	if emulator.NotFound(err) {
		err = nil
	}
	return false, err
}

// emulatorError returns the emulator's error response, or nil.
func emulatorError(err error) *emulator.Error {
	var response *emulator.Error
	if errors.As(err, &response) {
		return response
	}
	return nil
}

// backupMembers are the members that a retained backup has in common with its deleted cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterAutomatedBackup.html
var backupMembers = []string{
	"BackupRetentionPeriod", "DBClusterArn", "DBClusterIdentifier", "DbClusterResourceId", "Engine", "EngineVersion", "KmsKeyId", "MasterUsername",
}

// retainBackups stores the backups of the cluster that was just deleted, if the call retains them.
func (s *service) retainBackups(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	cluster := response.First("DBCluster")
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	if retainsBackups(x) {
		s.databases.backups = append(s.databases.backups, retained{cluster})
	} else {
		delete(s.databases.versions, cluster.Value("DbClusterResourceId"))
	}
	return nil
}

// retained are the backups of a deleted cluster.
type retained struct{ cluster *xmltree.Node }

func retainsBackups(x *call.Exchange) bool { return x.Form.Get("DeleteAutomatedBackups") == "false" }

// describe returns the backups in the form of a response.
func (r retained) describe(s *service) *xmltree.Node {
	backup := &xmltree.Node{Name: "DBClusterAutomatedBackup"}
	for _, member := range backupMembers {
		backup.Set(member, r.cluster.Value(member))
	}
	backup.Set("Status", "retained")
	if window, ok := s.plane.Restorable(r.cluster.Value("DbClusterResourceId")); ok {
		backup.Put(xmltree.Element("RestoreWindow", "EarliestTime", timestamp(window.Earliest), "LatestTime", timestamp(window.Latest)))
	}
	return backup
}

// describeBackups lists the retained backups of deleted clusters; those of existing clusters are not listed.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterAutomatedBackups.html
func (s *service) describeBackups(x *call.Exchange) error {
	s.databases.mu.Lock()
	all := slices.Clone(s.databases.backups)
	s.databases.mu.Unlock()
	var found []*xmltree.Node
	for _, backup := range all {
		matches := true
		for _, member := range []string{"DBClusterIdentifier", "DbClusterResourceId"} {
			wanted := x.Form.Get(member)
			matches = matches && (wanted == "" || wanted == backup.cluster.Value(member))
		}
		if matches {
			found = append(found, backup.describe(s))
		}
	}
	return x.RespondQuery(xmltree.ListResult("DBClusterAutomatedBackups", found))
}

// deleteBackup deletes the retained backups of a deleted cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBClusterAutomatedBackup.html
func (s *service) deleteBackup(x *call.Exchange) error {
	resource := x.Form.Get("DbClusterResourceId")
	s.databases.mu.Lock()
	i := slices.IndexFunc(s.databases.backups, func(r retained) bool { return r.cluster.Value("DbClusterResourceId") == resource })
	var deleted retained
	if i >= 0 {
		deleted = s.databases.backups[i]
		s.databases.backups = slices.Delete(s.databases.backups, i, i+1)
		delete(s.databases.versions, resource)
	}
	s.databases.mu.Unlock()
	if i < 0 {
		return x.Reject(http.StatusNotFound, "DBClusterAutomatedBackupNotFoundFault", "No automated backup for the DB cluster "+resource+" was found.")
	}
	described := deleted.describe(s)
	if err := s.plane.RemoveBackups(resource); err != nil {
		return err
	}
	return x.RespondQuery(&xmltree.Node{Children: []*xmltree.Node{described}})
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
