// Package rds corrects the emulator's RDS API.
package rds

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

const version = "2014-10-31"

// databases are the clusters and proxies that the data plane runs, and the retained backups.
type databases struct {
	mu       sync.Mutex
	clusters map[string]servedCluster
	proxies  map[string]netip.AddrPort // by name
	capacity map[string]time.Time      // when a proxy gets its capacity, by name
	backups  []retained                // of deleted clusters

	snapshots map[string]string          // the database in each that the data plane has, by name
	versions  map[string][]engineVersion // of clusters with backups, by resource ID
}

// engineVersion is a version that a cluster has since a time.
type engineVersion struct {
	since   time.Time
	version string
}

type servedCluster struct {
	spec    dataplane.Cluster
	address netip.AddrPort
}

func newDatabases() *databases {
	return &databases{
		clusters: map[string]servedCluster{}, proxies: map[string]netip.AddrPort{}, capacity: map[string]time.Time{},
		snapshots: map[string]string{}, versions: map[string][]engineVersion{},
	}
}

// service corrects RDS.
type service struct {
	*call.Account
	plane     dataplane.Plane
	warmUp    time.Duration // how long a proxy has no capacity after its target is registered
	databases *databases
	dropped   droppedSubnets
	decided   Decided
}

// New returns the corrected calls of RDS.
func New(a *call.Account, plane dataplane.Plane, warmUp time.Duration, decided Decided) call.Service {
	s := &service{Account: a, plane: plane, warmUp: warmUp, decided: decided, databases: newDatabases(), dropped: droppedSubnets{byProxy: map[string][]string{}}}
	return call.Service{Name: "rds", Actions: call.WithinQuotas(s.actions(), enforced), Bounds: bounds, Quotas: defaultQuotas, Resources: s.resources}
}

func (s *service) actions() map[string]call.Handler {
	calls := map[string]call.Handler{
		"*":                                  call.After(s.fillResponse),
		"DescribeAccountAttributes":          call.Instead(databaseQuotas),
		"DescribeDBEngineVersions":           call.After(databaseVersions),
		"DescribeOrderableDBInstanceOptions": call.Instead(databaseClasses),
	}
	for action, effect := range map[string]call.Handler{
		"CreateDBCluster":          s.clusterCreated,
		"ModifyDBCluster":          s.clusterModified,
		"DeleteDBCluster":          s.clusterDeleted,
		"CreateDBClusterSnapshot":  s.snapshotCreated,
		"DeleteDBClusterSnapshot":  s.snapshotDeleted,
		"CreateDBInstance":         storeInstance,
		"ModifyDBInstance":         storeInstance,
		"DeleteDBInstance":         instanceDeleted,
		"CreateDBProxy":            s.proxyCreated,
		"RegisterDBProxyTargets":   s.proxyTargetsRegistered,
		"DeregisterDBProxyTargets": s.proxyTargetsChanged,
		"DeleteDBProxy":            s.proxyDeleted,
	} {
		calls[action] = call.After(func(x *call.Exchange) error {
			if err := effect(x); err != nil {
				return err
			}
			return s.fillResponse(x)
		})
	}
	calls["CreateDBProxy"] = s.createProxy(calls["CreateDBProxy"])
	calls["DeleteDBCluster"] = s.deleteCluster(calls["DeleteDBCluster"])
	calls["ModifyDBCluster"] = s.checkUpgrade(calls["ModifyDBCluster"])
	calls["ModifyDBInstance"] = rejectMemberVersion(calls["ModifyDBInstance"])
	calls["DeleteDBClusterParameterGroup"] = s.rejectUsedGroup("DescribeDBClusters", "DBClusterParameterGroup", "DBClusterParameterGroupName", "clusters", (*call.Exchange).Forward)
	calls["DeleteDBParameterGroup"] = s.rejectUsedGroup("DescribeDBInstances", "DBParameterGroupName", "DBParameterGroupName", "instances", (*call.Exchange).Forward)
	calls["DescribeDBClusterAutomatedBackups"] = call.Instead(s.describeBackups)
	calls["DeleteDBClusterAutomatedBackup"] = call.Instead(s.deleteBackup)
	calls["RestoreDBClusterFromSnapshot"] = s.restore(ofSnapshot, s.snapshotToRestore)
	calls["RestoreDBClusterToPointInTime"] = s.restore(ofTime, s.timeToRestore)
	return calls
}

// clusterMembers are the members of a cluster that the emulator accepts and does
// not return, by parameter.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBCluster.html
var clusterMembers = map[string]string{
	"AutoMinorVersionUpgrade":            "AutoMinorVersionUpgrade",
	"BacktrackWindow":                    "BacktrackWindow",
	"DatabaseInsightsMode":               "DatabaseInsightsMode",
	"DBClusterInstanceClass":             "DBClusterInstanceClass",
	"EnablePerformanceInsights":          "PerformanceInsightsEnabled",
	"Iops":                               "Iops",
	"MonitoringInterval":                 "MonitoringInterval",
	"MonitoringRoleArn":                  "MonitoringRoleArn",
	"PerformanceInsightsKMSKeyId":        "PerformanceInsightsKMSKeyId",
	"PerformanceInsightsRetentionPeriod": "PerformanceInsightsRetentionPeriod",
	"StorageType":                        "StorageType",
}

// instanceMembers are those of an instance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
var instanceMembers = map[string]string{
	"DatabaseInsightsMode":        "DatabaseInsightsMode",
	"PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
}

// inheritedMembers are the members that an Aurora instance has from its cluster. The emulator returns the instance's,
// which are never set.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
var inheritedMembers = map[string]string{
	"EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
	"KmsKeyId":                        "KmsKeyId",
	"StorageEncrypted":                "StorageEncrypted",
}

func clusterKey(id string) string        { return "rds:cluster/" + id }
func inheritedKey(cluster string) string { return "rds:cluster-instances/" + cluster }

// InstanceKey is the key of an instance in the overlay.
func InstanceKey(id string) string { return "rds:instance/" + id }

// storeCluster stores the members of a cluster that the emulator drops: log
// exports, Performance Insights, the auto-pause of Serverless v2.
func storeCluster(x *call.Exchange, id string) {
	members := call.FormMembers(x.Form, clusterMembers)
	exports := logExports(x.Fields.Get(clusterKey(id))["EnabledCloudwatchLogsExports"], x.Form)
	members["EnabledCloudwatchLogsExports"] = xmltree.List("EnabledCloudwatchLogsExports", "member", exports)
	if x.Form.Has("ServerlessV2ScalingConfiguration.MaxCapacity") {
		scaling := &xmltree.Node{Name: "ServerlessV2ScalingConfiguration"}
		for _, name := range []string{"MinCapacity", "MaxCapacity", "SecondsUntilAutoPause"} {
			if value := x.Form.Get("ServerlessV2ScalingConfiguration." + name); value != "" {
				scaling.Set(name, value)
			}
		}
		members["ServerlessV2ScalingConfiguration"] = scaling
	}
	x.Fields.Set(clusterKey(id), members)
	inherited := call.FormMembers(x.Form, inheritedMembers)
	inherited["EnabledCloudwatchLogsExports"] = members["EnabledCloudwatchLogsExports"]
	x.Fields.Set(inheritedKey(id), inherited)
}

// logExports applies the log types that a create or modify call enables and
// disables to the stored ones.
func logExports(stored any, form url.Values) []string {
	exports := map[string]bool{}
	if before, ok := stored.(*xmltree.Node); ok {
		for _, name := range before.Texts() {
			exports[name] = true
		}
	}
	for _, name := range append(call.FormList(form, "EnableCloudwatchLogsExports"),
		call.FormList(form, "CloudwatchLogsExportConfiguration.EnableLogTypes")...) {
		exports[name] = true
	}
	for _, name := range call.FormList(form, "CloudwatchLogsExportConfiguration.DisableLogTypes") {
		delete(exports, name)
	}
	return slices.Sorted(maps.Keys(exports))
}

// clusterCreated starts the database of a new cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
func (s *service) clusterCreated(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	cluster := response.First("DBCluster")
	id := cluster.Value("DBClusterIdentifier")
	storeCluster(x, id)
	if !strings.Contains(cluster.Value("Engine"), "postgres") {
		return nil // the data plane runs PostgreSQL only
	}
	spec := s.specOf(cluster)
	spec.MasterPassword = x.Form.Get("MasterUserPassword")
	if secret := cluster.Child("MasterUserSecret"); secret != nil {
		if err := s.encryptManagedSecret(x.Request.Context(), secret); err != nil {
			return err
		}
		if spec.MasterPassword, err = s.managedPassword(x.Request.Context(), secret); err != nil {
			return err
		}
	}
	address, err := s.ensureCluster(x.Request.Context(), spec)
	if err != nil {
		return s.undoCluster(x.Request.Context(), id, err)
	}
	s.served(cluster, spec, address)
	return nil
}

// undoCluster deletes a cluster whose server could not be started.
func (s *service) undoCluster(ctx context.Context, id string, failure error) error {
	failure = errors.Join(failure, s.plane.RemoveCluster(ctx, id, dataplane.Keep{}))
	return s.rollBack(ctx, failure,
		map[string]string{"Action": "ModifyDBCluster", "DBClusterIdentifier": id, "DeletionProtection": "false"},
		map[string]string{"Action": "DeleteDBCluster", "DBClusterIdentifier": id, "SkipFinalSnapshot": "true"})
}

// clusterModified sets a changed master password on the running database, and backs it up after an upgrade.
func (s *service) clusterModified(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	cluster := response.First("DBCluster")
	id := cluster.Value("DBClusterIdentifier")
	storeCluster(x, id)
	if err := s.upgradeInstances(x, cluster); err != nil {
		return err
	}
	served, ok := s.servedCluster(id)
	if !ok {
		return nil
	}
	spec, ctx := s.specOf(cluster), x.Request.Context()
	spec.MasterPassword = cmp.Or(x.Form.Get("MasterUserPassword"), served.spec.MasterPassword)
	if secret := cluster.Child("MasterUserSecret"); secret != nil {
		if x.Form.Get("ManageMasterUserPassword") == "true" {
			if err := s.encryptManagedSecret(ctx, secret); err != nil {
				return err
			}
		}
		if spec.MasterPassword, err = s.managedPassword(ctx, secret); err != nil {
			return err
		}
	}
	if served.address, err = s.ensureCluster(ctx, spec); err != nil {
		return err
	}
	if !s.served(cluster, spec, served.address) {
		return nil
	}
	return s.plane.BackUp(ctx, id)
}

func (s *service) clusterDeleted(x *call.Exchange) error {
	id, snapshot := x.Form.Get("DBClusterIdentifier"), x.Form.Get("FinalDBSnapshotIdentifier")
	s.databases.mu.Lock()
	served, ok := s.databases.clusters[id]
	delete(s.databases.clusters, id)
	s.databases.mu.Unlock()
	x.Fields.Delete(clusterKey(id))
	err := s.plane.RemoveCluster(x.Request.Context(), id, dataplane.Keep{Snapshot: snapshot, Backups: retainsBackups(x)})
	if err == nil && ok && snapshot != "" {
		s.addSnapshot(snapshot, served)
	}
	return err
}

func (s *service) ensureCluster(ctx context.Context, spec dataplane.Cluster) (netip.AddrPort, error) {
	address, err := s.plane.EnsureCluster(ctx, spec)
	if err != nil {
		return address, fmt.Errorf("start the database of cluster %s: %w", spec.ID, err)
	}
	return address, nil
}

// served records a cluster that the data plane runs, and reports whether it has another engine version than before.
func (s *service) served(cluster *xmltree.Node, spec dataplane.Cluster, address netip.AddrPort) bool {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	s.databases.clusters[spec.ID] = servedCluster{spec: spec, address: address}
	versions, current := s.databases.versions[spec.Backups], cluster.Value("EngineVersion")
	if len(versions) > 0 && versions[len(versions)-1].version == current {
		return false
	}
	s.databases.versions[spec.Backups] = append(versions, engineVersion{s.Now(), current})
	return len(versions) > 0
}

// versionAt returns the engine version that a cluster had at a time.
func (s *service) versionAt(cluster *xmltree.Node, at time.Time) string {
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	found := cluster.Value("EngineVersion")
	for _, v := range slices.Backward(s.databases.versions[cluster.Value("DbClusterResourceId")]) {
		found = v.version
		if !v.since.After(at) {
			break
		}
	}
	return found
}

// rollBack deletes with these calls a resource that the data plane could not
// start, so that a retry can create it again.
func (s *service) rollBack(ctx context.Context, failure error, calls ...map[string]string) error {
	for _, request := range calls {
		if _, err := s.Emulator.Query(ctx, "rds", version, request); err != nil {
			s.Log.Error("could not delete a resource that has no server", "action", request["Action"], "error", err)
		}
	}
	return failure
}

func storeInstance(x *call.Exchange) error {
	members := call.FormMembers(x.Form, instanceMembers)
	if exports := call.FormList(x.Form, "EnableCloudwatchLogsExports"); len(exports) > 0 {
		members["EnabledCloudwatchLogsExports"] = xmltree.List("EnabledCloudwatchLogsExports", "member", exports)
	}
	x.Fields.Set(InstanceKey(x.Form.Get("DBInstanceIdentifier")), members)
	return nil
}

func instanceDeleted(x *call.Exchange) error {
	x.Fields.Delete(InstanceKey(x.Form.Get("DBInstanceIdentifier")))
	return nil
}
