package gateway

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
)

const rdsVersion = "2014-10-31"

// databases are the addresses at which the data plane serves what RDS has.
type databases struct {
	mu       sync.Mutex
	clusters map[string]servedCluster
	proxies  map[string]netip.AddrPort // by name
	capacity map[string]time.Time      // when a proxy has some, by its name
	backups  []*node                   // retained ones of deleted clusters
}

type servedCluster struct {
	spec    dataplane.Cluster
	address netip.AddrPort
}

func newDatabases() *databases {
	return &databases{clusters: map[string]servedCluster{}, proxies: map[string]netip.AddrPort{}, capacity: map[string]time.Time{}}
}

func (g *Gateway) rdsCalls() service {
	return service{name: "rds", actions: withinQuotas(rdsActions(), rdsQuotas), bounds: rdsBounds, quotas: rdsDefaults, resources: g.namedRDS}
}

func rdsActions() map[string]handler {
	calls := map[string]handler{
		"*":                                  after(showDatabases),
		"DescribeAccountAttributes":          instead(databaseQuotas),
		"DescribeDBEngineVersions":           after(databaseVersions),
		"DescribeOrderableDBInstanceOptions": instead(databaseClasses),
	}
	for action, effect := range map[string]handler{
		"CreateDBCluster":          clusterCreated,
		"ModifyDBCluster":          clusterModified,
		"DeleteDBCluster":          clusterDeleted,
		"CreateDBInstance":         rememberInstance,
		"ModifyDBInstance":         rememberInstance,
		"DeleteDBInstance":         forgetInstance,
		"CreateDBProxy":            proxyCreated,
		"RegisterDBProxyTargets":   proxyTargetsRegistered,
		"DeregisterDBProxyTargets": proxyTargetsChanged,
		"DeleteDBProxy":            proxyDeleted,
	} {
		calls[action] = after(func(x *exchange) error {
			if err := effect(x); err != nil {
				return err
			}
			return showDatabases(x)
		})
	}
	calls["CreateDBProxy"] = placeProxy(calls["CreateDBProxy"])
	calls["DeleteDBCluster"] = deleteCluster(calls["DeleteDBCluster"])
	calls["ModifyDBInstance"] = refuseMemberVersion(calls["ModifyDBInstance"])
	calls["DescribeDBClusterAutomatedBackups"] = instead(showBackups)
	return calls
}

// The members of a cluster that the emulator takes and does not answer, by the
// parameter that sets them.
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

// The same of an instance.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
var instanceMembers = map[string]string{
	"DatabaseInsightsMode":        "DatabaseInsightsMode",
	"PerformanceInsightsKMSKeyId": "PerformanceInsightsKMSKeyId",
}

// What an Aurora instance shows of its cluster. The emulator shows its own, which are never set.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DBInstance.html
var inheritedMembers = map[string]string{
	"EnableIAMDatabaseAuthentication": "IAMDatabaseAuthenticationEnabled",
	"KmsKeyId":                        "KmsKeyId",
	"StorageEncrypted":                "StorageEncrypted",
}

func clusterKey(id string) string        { return "rds:cluster/" + id }
func inheritedKey(cluster string) string { return "rds:cluster-instances/" + cluster }
func instanceKey(id string) string       { return "rds:instance/" + id }

// rememberCluster keeps what the emulator drops: log exports, Performance
// Insights, the auto-pause of Serverless v2.
func (x *exchange) rememberCluster(id string) {
	members := formMembers(x.form, clusterMembers)
	exports := logExports(x.g.fields.get(clusterKey(id))["EnabledCloudwatchLogsExports"], x.form)
	members["EnabledCloudwatchLogsExports"] = list("EnabledCloudwatchLogsExports", "member", exports)
	if x.form.Has("ServerlessV2ScalingConfiguration.MaxCapacity") {
		scaling := &node{name: "ServerlessV2ScalingConfiguration"}
		for _, name := range []string{"MinCapacity", "MaxCapacity", "SecondsUntilAutoPause"} {
			if value := x.form.Get("ServerlessV2ScalingConfiguration." + name); value != "" {
				scaling.set(name, value)
			}
		}
		members["ServerlessV2ScalingConfiguration"] = scaling
	}
	x.g.fields.set(clusterKey(id), members)
	inherited := formMembers(x.form, inheritedMembers)
	inherited["EnabledCloudwatchLogsExports"] = members["EnabledCloudwatchLogsExports"]
	x.g.fields.set(inheritedKey(id), inherited)
}

// upgradeInstances gives a cluster's new engine version to its instances, which
// the emulator leaves at the old one.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBCluster.html
func (x *exchange) upgradeInstances(cluster *node) {
	version := x.form.Get("EngineVersion")
	if version == "" {
		return
	}
	cluster.each("DBClusterMember", func(member *node) {
		x.g.fields.set(instanceKey(member.value("DBInstanceIdentifier")), map[string]any{"EngineVersion": version})
	})
}

// logExports applies the log types that a create or modify call enables and
// disables to those remembered.
func logExports(remembered any, form url.Values) []string {
	exports := map[string]bool{}
	if before, ok := remembered.(*node); ok {
		for _, name := range before.texts() {
			exports[name] = true
		}
	}
	for _, name := range append(formList(form, "EnableCloudwatchLogsExports"),
		formList(form, "CloudwatchLogsExportConfiguration.EnableLogTypes")...) {
		exports[name] = true
	}
	for _, name := range formList(form, "CloudwatchLogsExportConfiguration.DisableLogTypes") {
		delete(exports, name)
	}
	return slices.Sorted(maps.Keys(exports))
}

// clusterCreated starts the database of a new cluster.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
func clusterCreated(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	cluster := answer.first("DBCluster")
	id := cluster.value("DBClusterIdentifier")
	x.rememberCluster(id)
	if !strings.Contains(cluster.value("Engine"), "postgres") {
		return nil // the data plane has PostgreSQL only
	}
	spec := dataplane.Cluster{
		ID: id, Database: cluster.value("DatabaseName"),
		MasterUser: cluster.value("MasterUsername"), MasterPassword: x.form.Get("MasterUserPassword"),
	}
	if secret := cluster.child("MasterUserSecret"); secret != nil {
		if err := x.g.encryptManagedSecret(x.r.Context(), secret); err != nil {
			return err
		}
		if spec.MasterPassword, err = x.g.managedPassword(x.r.Context(), secret); err != nil {
			return err
		}
	}
	if err := x.g.serveCluster(x.r.Context(), spec); err != nil {
		return x.g.undo(x.r.Context(), err,
			map[string]string{"Action": "ModifyDBCluster", "DBClusterIdentifier": id, "DeletionProtection": "false"},
			map[string]string{"Action": "DeleteDBCluster", "DBClusterIdentifier": id, "SkipFinalSnapshot": "true"})
	}
	return nil
}

// clusterModified gives a changed master password to the running database.
func clusterModified(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	cluster := answer.first("DBCluster")
	id := cluster.value("DBClusterIdentifier")
	x.rememberCluster(id)
	x.upgradeInstances(cluster)
	x.g.databases.mu.Lock()
	served, ok := x.g.databases.clusters[id]
	x.g.databases.mu.Unlock()
	if !ok {
		return nil
	}
	spec := served.spec
	switch secret := cluster.child("MasterUserSecret"); {
	case x.form.Get("MasterUserPassword") != "":
		spec.MasterPassword = x.form.Get("MasterUserPassword")
	case secret != nil && x.form.Get("RotateMasterUserPassword") == "true":
		if spec.MasterPassword, err = x.g.managedPassword(x.r.Context(), secret); err != nil {
			return err
		}
	default:
		return nil
	}
	return x.g.serveCluster(x.r.Context(), spec)
}

func clusterDeleted(x *exchange) error {
	id := x.form.Get("DBClusterIdentifier")
	x.g.databases.mu.Lock()
	delete(x.g.databases.clusters, id)
	x.g.databases.mu.Unlock()
	x.g.fields.forget(clusterKey(id))
	return x.g.config.Plane.RemoveCluster(x.r.Context(), id)
}

func (g *Gateway) serveCluster(ctx context.Context, spec dataplane.Cluster) error {
	address, err := g.config.Plane.EnsureCluster(ctx, spec)
	if err != nil {
		return fmt.Errorf("start the database of cluster %s: %w", spec.ID, err)
	}
	g.databases.mu.Lock()
	defer g.databases.mu.Unlock()
	g.databases.clusters[spec.ID] = servedCluster{spec: spec, address: address}
	return nil
}

// undo takes back by these calls what the emulator made and the data plane
// could not serve, so that the next try does not find the name taken.
func (g *Gateway) undo(ctx context.Context, failure error, calls ...map[string]string) error {
	for _, call := range calls {
		if _, err := g.admin.query(ctx, "rds", rdsVersion, call); err != nil {
			g.log.Error("could not take back a resource without data plane", "action", call["Action"], "error", err)
		}
	}
	return failure
}

func rememberInstance(x *exchange) error {
	members := formMembers(x.form, instanceMembers)
	if exports := formList(x.form, "EnableCloudwatchLogsExports"); len(exports) > 0 {
		members["EnabledCloudwatchLogsExports"] = list("EnabledCloudwatchLogsExports", "member", exports)
	}
	x.g.fields.set(instanceKey(x.form.Get("DBInstanceIdentifier")), members)
	return nil
}

func forgetInstance(x *exchange) error {
	x.g.fields.forget(instanceKey(x.form.Get("DBInstanceIdentifier")))
	return nil
}
