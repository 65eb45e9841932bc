package gateway

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/didomi/serverless-api/sandbox/dataplane"
)

const elasticacheVersion = "2015-02-02"

// caches are the replication groups that the data plane serves, and the users
// whose passwords only the requests carry.
type caches struct {
	mu     sync.Mutex
	groups map[string]servedCache
	users  map[string]cacheUser // by user id
}

type servedCache struct {
	spec    dataplane.Cache
	tokens  []string // the AUTH tokens that are good, oldest first
	address netip.AddrPort
}

func newCaches() *caches {
	return &caches{groups: map[string]servedCache{}, users: map[string]cacheUser{}}
}

func (g *Gateway) elasticacheCalls() service {
	return service{
		name: "elasticache", actions: withinQuotas(elasticacheActions(), elasticacheQuotas), bounds: elasticacheBounds,
		quotas: elasticacheDefaults, resources: g.namedElastiCache,
	}
}

func elasticacheActions() map[string]handler {
	calls := map[string]handler{
		"*":                                   after(showCaches),
		"DescribeCacheEngineVersions":         instead(cacheEngines),
		"DescribeCacheParameters":             after(filterParameters),
		"DescribeReservedCacheNodesOfferings": instead(nodeOfferings),
	}
	for action, effect := range map[string]handler{
		"CreateReplicationGroup": cacheCreated,
		"ModifyReplicationGroup": cacheModified,
		"DeleteReplicationGroup": cacheDeleted,
		"CreateUser":             rememberUser,
		"ModifyUser":             rememberUser,
		"DeleteUser":             forgetUser,
		"ModifyUserGroup":        applyUserChanges,
	} {
		calls[action] = after(func(x *exchange) error {
			if err := effect(x); err != nil {
				return err
			}
			return showCaches(x)
		})
	}
	calls["CreateReplicationGroup"] = refuseWithoutFailover(calls["CreateReplicationGroup"])
	calls["ModifyReplicationGroup"] = keepFailover(calls["ModifyReplicationGroup"])
	calls["ModifyUser"] = refuseWhileChanging(calls["ModifyUser"])
	return calls
}

// The members of a replication group that the emulator takes and does not
// answer. A key that reads back as none replaces the group.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ReplicationGroup.html
var cacheMembers = map[string]string{
	"AutoMinorVersionUpgrade": "AutoMinorVersionUpgrade",
	"Engine":                  "Engine",
	"IpDiscovery":             "IpDiscovery",
	"KmsKeyId":                "KmsKeyId",
	"NetworkType":             "NetworkType",
}

func cacheKey(id string) string { return "elasticache:group/" + id }
func nodesKey(id string) string { return "elasticache:nodes/" + id }

// rememberNodes keeps what a change of a group changes in its nodes, from which
// clients read it: the emulator changes the group alone.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
func (x *exchange) rememberNodes(id string) {
	members := formMembers(x.form, map[string]string{
		"Engine": "Engine", "EngineVersion": "EngineVersion", "PreferredMaintenanceWindow": "PreferredMaintenanceWindow",
	})
	if name := x.form.Get("CacheParameterGroupName"); name != "" {
		group := &node{name: "CacheParameterGroup"}
		group.set("CacheParameterGroupName", name)
		group.set("ParameterApplyStatus", "in-sync")
		members["CacheParameterGroup"] = group
	}
	x.g.fields.set(nodesKey(id), members)
}

// cacheCreated starts the servers of a new replication group.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
func cacheCreated(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	ctx, group := x.r.Context(), answer.first("ReplicationGroup")
	clustered, err := x.g.clusterMode(ctx, x.form.Get("CacheParameterGroupName"), group)
	if err != nil {
		return err
	}
	served := servedCache{spec: dataplane.Cache{ID: group.value("ReplicationGroupId"), ClusterMode: clustered, Shards: 1}}
	if n, err := strconv.Atoi(x.form.Get("NumNodeGroups")); err == nil && clustered {
		served.spec.Shards = n
	}
	if token := x.form.Get("AuthToken"); token != "" {
		served.tokens = []string{token}
	}
	x.rememberCache(served.spec)
	if err := x.g.serveCache(ctx, served, groupUserGroups(group)); err != nil {
		x.g.takeBackCache(ctx, served.spec.ID)
		return err
	}
	return nil
}

// rememberCache keeps what the emulator drops of a group.
func (x *exchange) rememberCache(spec dataplane.Cache) {
	members := map[string]any{
		"AutoMinorVersionUpgrade": "true", "DataTiering": "disabled", "IpDiscovery": "ipv4", "NetworkType": "ipv4",
	}
	for member, value := range formMembers(x.form, cacheMembers) {
		members[member] = value
	}
	if spec.ClusterMode {
		members["ClusterEnabled"], members["ClusterMode"] = "true", "enabled"
	}
	x.g.fields.set(cacheKey(spec.ID), members)
}

// clusterMode says whether a group runs in cluster mode: on AWS its parameter
// group decides (cluster-enabled yes), even with one shard; the emulator calls
// a group clustered only from two shards on.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Redis.html
func (g *Gateway) clusterMode(ctx context.Context, parameterGroup string, group *node) (bool, error) {
	if group.value("ClusterEnabled") == "true" || group.value("ClusterMode") == "enabled" {
		return true, nil
	}
	if parameterGroup == "" {
		return false, nil
	}
	if strings.HasPrefix(parameterGroup, "default.") {
		return strings.HasSuffix(parameterGroup, ".cluster.on"), nil
	}
	answer, err := g.admin.query(ctx, "elasticache", elasticacheVersion, map[string]string{
		"Action": "DescribeCacheParameters", "CacheParameterGroupName": parameterGroup,
	})
	if err != nil {
		return false, fmt.Errorf("read parameter group %s: %w", parameterGroup, err)
	}
	for _, parameter := range answer.first("Parameters").items() {
		if parameter.value("ParameterName") == "cluster-enabled" {
			return parameter.value("ParameterValue") == "yes", nil
		}
	}
	return false, nil
}

// cacheModified applies a changed token or user group.
func cacheModified(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	group := answer.first("ReplicationGroup")
	id := group.value("ReplicationGroupId")
	x.g.fields.set(cacheKey(id), formMembers(x.form, cacheMembers))
	x.rememberNodes(id)
	served, ok := x.g.servedCache(id)
	if !ok {
		return nil
	}
	served.tokens = changedTokens(served.tokens, x.form.Get("AuthToken"), x.form.Get("AuthTokenUpdateStrategy"))
	return x.g.serveCache(x.r.Context(), served, groupUserGroups(group))
}

// changedTokens applies a token update: ROTATE keeps the last token beside the
// new one, SET leaves only the new one, DELETE removes AUTH.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth.html
func changedTokens(tokens []string, token, strategy string) []string {
	switch {
	case strategy == "DELETE":
		return nil
	case token == "":
		return tokens
	case strategy == "SET" || len(tokens) == 0:
		return []string{token}
	}
	last := tokens[len(tokens)-1]
	if last == token {
		return []string{token}
	}
	return []string{last, token}
}

func cacheDeleted(x *exchange) error {
	id := x.form.Get("ReplicationGroupId")
	x.g.caches.mu.Lock()
	delete(x.g.caches.groups, id)
	x.g.caches.mu.Unlock()
	x.g.fields.forget(cacheKey(id))
	x.g.fields.forget(nodesKey(id))
	return x.g.config.Plane.RemoveCache(x.r.Context(), id)
}

func (g *Gateway) servedCache(id string) (servedCache, bool) {
	g.caches.mu.Lock()
	defer g.caches.mu.Unlock()
	served, ok := g.caches.groups[id]
	return served, ok
}

// serveCache starts or changes the group's servers, with its tokens or the
// members of its user groups.
func (g *Gateway) serveCache(ctx context.Context, served servedCache, userGroups []string) error {
	served.spec.AuthToken, served.spec.Users = "", nil
	if n := len(served.tokens); n > 0 {
		served.spec.AuthToken = served.tokens[n-1]
		if n > 1 {
			served.spec.Users = []dataplane.CacheUser{{Name: "default", Passwords: served.tokens, AccessString: "on ~* &* +@all"}}
		}
	}
	users, err := g.members(ctx, userGroups)
	if err != nil {
		return err
	}
	served.spec.Users = append(served.spec.Users, users...)
	if served.address, err = g.config.Plane.EnsureCache(ctx, served.spec); err != nil {
		return fmt.Errorf("start the cache of replication group %s: %w", served.spec.ID, err)
	}
	g.caches.mu.Lock()
	defer g.caches.mu.Unlock()
	g.caches.groups[served.spec.ID] = served
	return nil
}

func (g *Gateway) takeBackCache(ctx context.Context, id string) {
	g.fields.forget(cacheKey(id))
	_, err := g.admin.query(ctx, "elasticache", elasticacheVersion, map[string]string{"Action": "DeleteReplicationGroup", "ReplicationGroupId": id})
	if err != nil {
		g.log.Error("could not take back a replication group without data plane", "group", id, "error", err)
	}
}

func groupUserGroups(group *node) []string { return group.child("UserGroupIds").texts() }

// showCaches puts the data plane's addresses and the remembered members into
// any ElastiCache answer. The emulator names a host called "redis".
func showCaches(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	answer.each("ReplicationGroup", x.g.showCache)
	answer.each("CacheCluster", x.g.showCacheNode)
	answer.visit(x.g.showUser)
	x.answer = answer.bytes()
	return nil
}

// showCache gives a group in cluster mode its configuration endpoint and no
// other, and one without its primary and reader endpoints, as AWS does.
func (g *Gateway) showCache(group *node) {
	id := group.value("ReplicationGroupId")
	g.fields.fill(cacheKey(id), group)
	served, ok := g.servedCache(id)
	if !ok {
		return
	}
	if served.spec.ClusterMode {
		group.put(endpoint("ConfigurationEndpoint", served.address))
	}
	group.each("NodeGroup", func(shard *node) {
		for _, name := range []string{"PrimaryEndpoint", "ReaderEndpoint"} {
			if served.spec.ClusterMode {
				shard.remove(name)
				continue
			}
			shard.put(endpoint(name, served.address))
		}
	})
	group.each("NodeGroupMember", func(member *node) { member.put(endpoint("ReadEndpoint", served.address)) })
}

// patchLevel is the part of a version that a node shows and no call names. A client that compares the whole
// of it with what was asked for takes it for another version, and a lower one replaces the group.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
func patchLevel(engine, version string) string {
	if engine == "valkey" && version == "7.2" {
		return ".6"
	}
	return ".0"
}

// showCacheNode rewrites the endpoints of a group's nodes and adds what the
// emulator answers of the group only.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html
func (g *Gateway) showCacheNode(cluster *node) {
	id := cluster.value("ReplicationGroupId")
	for _, member := range []string{"AutoMinorVersionUpgrade", "IpDiscovery", "NetworkType"} {
		if value := g.fields.text(cacheKey(id), member); value != "" {
			cluster.set(member, value)
		}
	}
	g.fields.fill(nodesKey(id), cluster)
	if version := cluster.value("EngineVersion"); strings.Count(version, ".") == 1 {
		cluster.set("EngineVersion", version+patchLevel(cluster.value("Engine"), version))
	}
	served, ok := g.servedCache(id)
	if !ok {
		return
	}
	cluster.each("CacheNode", func(n *node) { n.put(endpoint("Endpoint", served.address)) })
}

func endpoint(name string, address netip.AddrPort) *node {
	e := &node{name: name}
	e.set("Address", address.Addr().String())
	e.set("Port", strconv.Itoa(int(address.Port())))
	return e
}

// applyUserChanges gives changed users or memberships to every group that has
// a user group.
func applyUserChanges(x *exchange) error {
	ctx := x.r.Context()
	answer, err := x.g.admin.query(ctx, "elasticache", elasticacheVersion, map[string]string{"Action": "DescribeReplicationGroups"})
	if err != nil {
		return err
	}
	for _, group := range answer.first("ReplicationGroups").items() {
		userGroups := groupUserGroups(group)
		served, ok := x.g.servedCache(group.value("ReplicationGroupId"))
		if !ok || len(userGroups) == 0 {
			continue
		}
		if err := x.g.serveCache(ctx, served, slices.Clone(userGroups)); err != nil {
			return err
		}
	}
	return nil
}
