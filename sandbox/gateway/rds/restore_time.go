package rds

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// ofTime are the parameters of RestoreDBClusterToPointInTime that RestoreDBClusterFromSnapshot lacks.
var ofTime = []string{"RestoreToTime", "RestoreType", "SourceDBClusterIdentifier", "SourceDbClusterResourceId", "UseLatestRestorableTime"}

// timeToRestore validates RestoreDBClusterToPointInTime. AWS documents no error for a time outside of the window; this is
// the one for a value that a parameter must not have.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterToPointInTime.html
func (s *service) timeToRestore(x *call.Exchange) (*restoration, *rejection, error) {
	source, problem, err := s.sourceOf(x)
	if problem != nil || err != nil {
		return nil, problem, err
	}
	if problem := checkRestoreType(x); problem != nil {
		return nil, problem, nil
	}
	backups := source.Value("DbClusterResourceId")
	window, ok := s.plane.Restorable(backups)
	if !ok {
		return nil, rejected("SandboxNotServed", "The sandbox has no backups of %s: it runs PostgreSQL only.", source.Value("DBClusterIdentifier")), nil
	}
	until := window.Latest
	if text := x.Form.Get("RestoreToTime"); text != "" {
		if until, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return nil, rejected("InvalidParameterValue", "RestoreToTime %q is not a time in UTC such as 2015-03-07T23:45:00Z.", text), nil
		}
	}
	if until.Before(window.Earliest) || until.After(window.Latest) {
		return nil, rejected("InvalidParameterValue", "RestoreToTime %s must be between the earliest restorable time %s and the latest restorable time %s of the DB cluster.",
			timestamp(until), timestamp(window.Earliest), timestamp(window.Latest)), nil
	}
	encrypted := source.Value("StorageEncrypted") == "true"
	if x.Form.Has("KmsKeyId") && !encrypted {
		return nil, rejected("InvalidParameterCombination", "KmsKeyId cannot be specified, because the source DB cluster is not encrypted."), nil
	}
	return &restoration{dataplane.Source{Backups: backups, Time: until}, s.sourceParameters(x, source, until)}, nil, nil
}

// sourceParameters has what a restored cluster gets of its source unless the call sets it.
func (s *service) sourceParameters(x *call.Exchange, source *xmltree.Node, until time.Time) map[string]string {
	parameters := map[string]string{
		"DatabaseName": source.Value("DatabaseName"), "Engine": source.Value("Engine"), "MasterUsername": source.Value("MasterUsername"),
		"EngineVersion":         s.versionAt(source, until),
		"StorageEncrypted":      source.Value("StorageEncrypted"),
		"KmsKeyId":              cmp.Or(x.Form.Get("KmsKeyId"), source.Value("KmsKeyId")),
		"BackupRetentionPeriod": cmp.Or(x.Form.Get("BackupRetentionPeriod"), source.Value("BackupRetentionPeriod")),
	}
	scaling := source.Child("ServerlessV2ScalingConfiguration")
	if scaling != nil && !x.Form.Has("ServerlessV2ScalingConfiguration.MaxCapacity") {
		for _, bound := range scaling.Items() {
			parameters["ServerlessV2ScalingConfiguration."+bound.Name] = bound.Text
		}
	}
	return parameters
}

// sourceOf returns the source: a cluster, or a deleted one whose backups were retained.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-pitr-retained.html
func (s *service) sourceOf(x *call.Exchange) (*xmltree.Node, *rejection, error) {
	id, resource := x.Form.Get("SourceDBClusterIdentifier"), x.Form.Get("SourceDbClusterResourceId")
	if (id == "") == (resource == "") {
		return nil, rejected("InvalidParameterCombination", "Specify either SourceDBClusterIdentifier or SourceDbClusterResourceId."), nil
	}
	if resource != "" {
		source, err := s.withResourceID(x.Request.Context(), resource)
		if err != nil || source != nil {
			return source, nil, err
		}
		return nil, &rejection{http.StatusNotFound, "DBClusterAutomatedBackupNotFoundFault", "No automated backup for the DB cluster " + resource + " was found."}, nil
	}
	source, err := s.describe(x.Request.Context(), "DBCluster", id[strings.LastIndex(id, ":")+1:])
	if err != nil || source != nil {
		return source, nil, err
	}
	return nil, &rejection{http.StatusNotFound, "DBClusterNotFoundFault", "DBCluster " + id + " not found."}, nil
}

func (s *service) withResourceID(ctx context.Context, resource string) (*xmltree.Node, error) {
	s.databases.mu.Lock()
	for _, deleted := range s.databases.backups {
		if deleted.cluster.Value("DbClusterResourceId") == resource {
			s.databases.mu.Unlock()
			return deleted.cluster, nil
		}
	}
	s.databases.mu.Unlock()
	response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBClusters"})
	if err != nil {
		return nil, err
	}
	var found *xmltree.Node
	response.Each("DBCluster", func(cluster *xmltree.Node) {
		if cluster.Value("DbClusterResourceId") == resource {
			found = cluster
		}
	})
	return found, nil
}

func checkRestoreType(x *call.Exchange) *rejection {
	latest, until := x.Form.Get("UseLatestRestorableTime") == "true", x.Form.Get("RestoreToTime") != ""
	switch kind := x.Form.Get("RestoreType"); {
	case kind == "copy-on-write" && until:
		return rejected("InvalidParameterCombination", "RestoreToTime cannot be specified if RestoreType is copy-on-write.")
	case kind == "copy-on-write":
		return rejected("SandboxNotServed", "The sandbox does not serve the RestoreType copy-on-write of RestoreDBClusterToPointInTime.")
	case kind != "" && kind != "full-copy":
		return rejected("InvalidParameterValue", "RestoreType %s must be full-copy or copy-on-write.", strconv.Quote(kind))
	case latest == until:
		return rejected("InvalidParameterCombination", "Specify either RestoreToTime or UseLatestRestorableTime.")
	}
	return nil
}

// timestamp formats a time as AWS's responses do.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
