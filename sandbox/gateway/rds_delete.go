package gateway

import (
	"errors"
	"net/http"
	"strings"
)

// deleteCluster answers as AWS does to a final snapshot: its name is needed unless the snapshot is skipped,
// and must be new. The emulator takes none, so it is created here, and deleted again when the cluster is
// not. Automated backups are deleted with the cluster unless the call keeps them.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DeleteDBCluster.html
func deleteCluster(remove handler) handler {
	return func(x *exchange) error {
		snapshot := x.form.Get("FinalDBSnapshotIdentifier")
		if skip := x.form.Get("SkipFinalSnapshot") == "true"; skip == (snapshot != "") {
			return x.refuse(http.StatusBadRequest, "InvalidParameterCombination", "FinalDBSnapshotIdentifier is required unless SkipFinalSnapshot is specified, and cannot be specified with it.")
		}
		if taken, err := x.finalSnapshot("CreateDBClusterSnapshot", snapshot); err != nil {
			return err
		} else if taken {
			return x.refuse(http.StatusBadRequest, "DBClusterSnapshotAlreadyExistsFault", "Cannot create the cluster snapshot because one with the identifier "+snapshot+" already exists.")
		}
		if err := remove(x); err != nil {
			return err
		}
		if !x.succeeded() {
			_, err := x.finalSnapshot("DeleteDBClusterSnapshot", snapshot)
			return err
		}
		return x.keepBackups()
	}
}

// finalSnapshot creates or deletes the snapshot, if it has a name, and says whether the name is taken. A
// cluster or snapshot that does not exist is for the deletion itself to report.
func (x *exchange) finalSnapshot(action, snapshot string) (taken bool, err error) {
	if snapshot == "" {
		return false, nil
	}
	parameters := map[string]string{"Action": action, "DBClusterSnapshotIdentifier": snapshot}
	if action == "CreateDBClusterSnapshot" {
		parameters["DBClusterIdentifier"] = x.form.Get("DBClusterIdentifier")
	}
	_, err = x.g.admin.query(x.r.Context(), "rds", rdsVersion, parameters)
	var answered *callError
	if errors.As(err, &answered) && strings.Contains(answered.Body, "DBClusterSnapshotAlreadyExists") {
		return true, nil
	}
	if notFound(err) {
		err = nil
	}
	return false, err
}

// backupMembers are the members of a deleted cluster that its retained backups have too.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBClusterAutomatedBackup.html
var backupMembers = []string{
	"BackupRetentionPeriod", "DBClusterArn", "DBClusterIdentifier", "DbClusterResourceId", "Engine", "EngineVersion", "KmsKeyId", "MasterUsername",
}

// keepBackups remembers the backups of the cluster that was just deleted, if the call keeps them.
func (x *exchange) keepBackups() error {
	if x.form.Get("DeleteAutomatedBackups") != "false" {
		return nil
	}
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	cluster, backup := answer.first("DBCluster"), &node{name: "DBClusterAutomatedBackup"}
	for _, member := range backupMembers {
		backup.set(member, cluster.value(member))
	}
	backup.set("Status", "retained")
	x.g.databases.mu.Lock()
	defer x.g.databases.mu.Unlock()
	x.g.databases.backups = append(x.g.databases.backups, backup)
	return nil
}

// showBackups lists the retained backups; those of clusters that exist are not shown.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBClusterAutomatedBackups.html
func showBackups(x *exchange) error {
	var found []*node
	x.g.databases.mu.Lock()
	for _, backup := range x.g.databases.backups {
		if id := x.form.Get("DBClusterIdentifier"); id == "" || id == backup.value("DBClusterIdentifier") {
			found = append(found, backup)
		}
	}
	x.g.databases.mu.Unlock()
	return x.answerQuery(holding("DBClusterAutomatedBackups", found))
}

// refuseMemberVersion answers as AWS does to a version for one instance of a cluster: the cluster's upgrade
// is that of its instances. The emulator sets it.
// https://github.com/aws/aws-cdk/issues/21758
func refuseMemberVersion(modify handler) handler {
	return func(x *exchange) error {
		if x.form.Get("EngineVersion") != "" {
			return x.refuse(http.StatusBadRequest, "InvalidParameterCombination", "The specified DB Instance is a member of a cluster. Modify the DB engine version for the DB Cluster using the ModifyDbCluster API")
		}
		return modify(x)
	}
}
