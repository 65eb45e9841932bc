package rds

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// restored are the parameters that both calls that restore a cluster have in common with CreateDBCluster, and that the
// sandbox serves. Those that end with a dot have members.
var restored = []string{
	"BackupRetentionPeriod", "CopyTagsToSnapshot", "DBClusterIdentifier", "DBClusterParameterGroupName", "DBSubnetGroupName",
	"DeletionProtection", "EnableCloudwatchLogsExports.", "EnableIAMDatabaseAuthentication", "EnablePerformanceInsights",
	"EngineLifecycleSupport", "EngineMode", "KmsKeyId", "MonitoringInterval", "MonitoringRoleArn", "NetworkType",
	"PerformanceInsightsKMSKeyId", "PerformanceInsightsRetentionPeriod", "Port", "PreferredBackupWindow",
	"ServerlessV2ScalingConfiguration.", "StorageType", "Tags.", "VpcSecurityGroupIds.",
}

// unserved are the parameters of the two calls that the sandbox rejects.
var unserved = []string{
	"BacktrackWindow", "DBClusterInstanceClass", "Domain", "DomainIAMRoleName", "EnableInternetAccessGateway",
	"EnableVPCNetworking", "Iops", "OptionGroupName", "PubliclyAccessible", "RdsCustomClusterConfiguration.",
	"ScalingConfiguration.", "TagSpecifications.",
}

// rejection is an error of AWS's.
type rejection struct {
	status        int
	code, message string
}

func rejected(code, format string, values ...any) *rejection {
	return &rejection{http.StatusBadRequest, code, fmt.Sprintf(format, values...)}
}

// restoration is a cluster to be restored.
type restoration struct {
	from       dataplane.Source
	parameters map[string]string // of CreateDBCluster, in addition to the call's own
}

// restore serves a call that restores a cluster, which the emulator does not have: find validates the call and finds the
// source. The emulator creates the cluster that is described, the data plane its data.
func (s *service) restore(own []string, find func(*call.Exchange) (*restoration, *rejection, error)) call.Handler {
	return call.Instead(func(x *call.Exchange) error {
		if problem := checkParameters(x, own); problem != nil {
			return x.Reject(problem.status, problem.code, problem.message)
		}
		if problem, err := s.checkNames(x); err != nil {
			return err
		} else if problem != nil {
			return x.Reject(problem.status, problem.code, problem.message)
		}
		wanted, problem, err := find(x)
		if err != nil {
			return err
		}
		if problem != nil {
			return x.Reject(problem.status, problem.code, problem.message)
		}
		cluster, err := s.createRestored(x, wanted)
		if err != nil {
			return err
		}
		if cluster == nil {
			return nil // the emulator has rejected the parameters
		}
		if err := x.RespondQuery(&xmltree.Node{Children: []*xmltree.Node{cluster}}); err != nil {
			return err
		}
		return s.fillResponse(x)
	})
}

// checkParameters rejects parameters that the call does not have, such as the master user's password, which comes with
// the data, and those that are not served.
func checkParameters(x *call.Exchange, own []string) *rejection {
	has := func(list []string, parameter string) bool {
		return slices.ContainsFunc(list, func(known string) bool {
			return known == parameter || strings.HasSuffix(known, ".") && strings.HasPrefix(parameter, known)
		})
	}
	action := x.Form.Get("Action")
	for _, parameter := range slices.Sorted(maps.Keys(x.Form)) {
		switch {
		case parameter == "Action" || parameter == "Version" || has(restored, parameter) || has(own, parameter):
		case has(unserved, parameter):
			return rejected("SandboxNotServed", "The sandbox does not serve the parameter %s of %s (sandbox/gateway/rds/restore.go).", parameter, action)
		default:
			return rejected("InvalidParameterCombination", "%s has no parameter %s.", action, parameter)
		}
	}
	if x.Form.Get("DBClusterIdentifier") == "" {
		return rejected("MissingParameter", "The request must contain the parameter DBClusterIdentifier.")
	}
	return nil
}

// checkNames rejects the identifier of a cluster that exists, and a subnet group that does not. The emulator accepts the
// latter.
func (s *service) checkNames(x *call.Exchange) (*rejection, error) {
	existing, err := s.describe(x.Request.Context(), "DBCluster", x.Form.Get("DBClusterIdentifier"))
	if err != nil {
		return nil, err
	}
	if existing != nil {
		return rejected("DBClusterAlreadyExistsFault", "DB Cluster already exists"), nil
	}
	group := x.Form.Get("DBSubnetGroupName")
	if group == "" {
		return nil, nil
	}
	_, err = s.Emulator.Query(x.Request.Context(), "rds", version, map[string]string{"Action": "DescribeDBSubnetGroups", "DBSubnetGroupName": group})
	if emulator.NotFound(err) {
		return &rejection{http.StatusNotFound, "DBSubnetGroupNotFoundFault", "DB subnet group '" + group + "' does not exist."}, nil
	}
	return nil, err
}

// describe returns a cluster or a cluster's snapshot from the emulator, or nil.
func (s *service) describe(ctx context.Context, kind, id string) (*xmltree.Node, error) {
	response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "Describe" + kind + "s", kind + "Identifier": id})
	if emulator.NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return response.First(kind), nil
}

// createRestored creates the cluster and its server. It returns nil after it has rejected the call with the emulator's
// error.
func (s *service) createRestored(x *call.Exchange, wanted *restoration) (*xmltree.Node, error) {
	ctx, id := x.Request.Context(), x.Form.Get("DBClusterIdentifier")
	for name := range x.Form {
		if _, set := wanted.parameters[name]; !set {
			wanted.parameters[name] = x.Form.Get(name)
		}
	}
	wanted.parameters["Action"] = "CreateDBCluster"
	response, err := s.Emulator.Query(ctx, "rds", version, wanted.parameters)
	if failed := emulatorError(err); failed != nil {
		x.Status, x.Response, x.Header = failed.Status, []byte(failed.Body), http.Header{"Content-Type": {"text/xml"}}
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	cluster := response.First("DBCluster")
	storeCluster(x, id)
	x.Fields.Set(inheritedKey(id), map[string]any{"KmsKeyId": cluster.Value("KmsKeyId"), "StorageEncrypted": cluster.Value("StorageEncrypted")})
	spec, address, err := s.plane.RestoreCluster(ctx, s.specOf(cluster), wanted.from)
	if err != nil {
		return nil, s.undoCluster(ctx, id, err)
	}
	s.served(cluster, spec, address)
	return cluster, nil
}

// specOf returns what a cluster's server needs, but the password.
func (s *service) specOf(cluster *xmltree.Node) dataplane.Cluster {
	days, _ := strconv.Atoi(cluster.Value("BackupRetentionPeriod"))
	return dataplane.Cluster{
		ID: cluster.Value("DBClusterIdentifier"), Database: cluster.Value("DatabaseName"), MasterUser: cluster.Value("MasterUsername"),
		Backups: cluster.Value("DbClusterResourceId"), BackupDays: days, Token: s.tokensOf(cluster).verify,
	}
}
