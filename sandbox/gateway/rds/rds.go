// Package rds corrects the emulator's RDS API.
package rds

import (
	"context"
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
	backups  []*xmltree.Node           // retained backups of deleted clusters
}

type servedCluster struct {
	spec    dataplane.Cluster
	address netip.AddrPort
}

func newDatabases() *databases {
	return &databases{clusters: map[string]servedCluster{}, proxies: map[string]netip.AddrPort{}, capacity: map[string]time.Time{}}
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
	calls["ModifyDBInstance"] = rejectMemberVersion(calls["ModifyDBInstance"])
	calls["DescribeDBClusterAutomatedBackups"] = call.Instead(s.describeBackups)
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

// upgradeInstances sets a cluster's new engine version on its instances, which
// the emulator does not upgrade.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
func upgradeInstances(x *call.Exchange, cluster *xmltree.Node) {
	version := x.Form.Get("EngineVersion")
	if version == "" {
		return
	}
	cluster.Each("DBClusterMember", func(member *xmltree.Node) {
		x.Fields.Set(InstanceKey(member.Value("DBInstanceIdentifier")), map[string]any{"EngineVersion": version})
	})
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
	spec := dataplane.Cluster{
		ID: id, Database: cluster.Value("DatabaseName"),
		MasterUser: cluster.Value("MasterUsername"), MasterPassword: x.Form.Get("MasterUserPassword"),
		Token: s.tokensOf(cluster).verify,
	}
	if secret := cluster.Child("MasterUserSecret"); secret != nil {
		if err := s.encryptManagedSecret(x.Request.Context(), secret); err != nil {
			return err
		}
		if spec.MasterPassword, err = s.managedPassword(x.Request.Context(), secret); err != nil {
			return err
		}
	}
	if err := s.serveCluster(x.Request.Context(), spec); err != nil {
		return s.rollBack(x.Request.Context(), err,
			map[string]string{"Action": "ModifyDBCluster", "DBClusterIdentifier": id, "DeletionProtection": "false"},
			map[string]string{"Action": "DeleteDBCluster", "DBClusterIdentifier": id, "SkipFinalSnapshot": "true"})
	}
	return nil
}

// clusterModified sets a changed master password on the running database.
func (s *service) clusterModified(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	cluster := response.First("DBCluster")
	id := cluster.Value("DBClusterIdentifier")
	storeCluster(x, id)
	upgradeInstances(x, cluster)
	s.databases.mu.Lock()
	served, ok := s.databases.clusters[id]
	s.databases.mu.Unlock()
	if !ok {
		return nil
	}
	spec := served.spec
	switch secret := cluster.Child("MasterUserSecret"); {
	case x.Form.Get("MasterUserPassword") != "":
		spec.MasterPassword = x.Form.Get("MasterUserPassword")
	case secret != nil && x.Form.Get("RotateMasterUserPassword") == "true":
		if spec.MasterPassword, err = s.managedPassword(x.Request.Context(), secret); err != nil {
			return err
		}
	default:
		return nil
	}
	return s.serveCluster(x.Request.Context(), spec)
}

func (s *service) clusterDeleted(x *call.Exchange) error {
	id := x.Form.Get("DBClusterIdentifier")
	s.databases.mu.Lock()
	delete(s.databases.clusters, id)
	s.databases.mu.Unlock()
	x.Fields.Delete(clusterKey(id))
	return s.plane.RemoveCluster(x.Request.Context(), id)
}

func (s *service) serveCluster(ctx context.Context, spec dataplane.Cluster) error {
	address, err := s.plane.EnsureCluster(ctx, spec)
	if err != nil {
		return fmt.Errorf("start the database of cluster %s: %w", spec.ID, err)
	}
	s.databases.mu.Lock()
	defer s.databases.mu.Unlock()
	s.databases.clusters[spec.ID] = servedCluster{spec: spec, address: address}
	return nil
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
