// Package elasticache corrects the emulator's ElastiCache API.
package elasticache

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

const version = "2015-02-02"

// caches are the replication groups that the data plane runs, and the users,
// whose passwords are in requests only.
type caches struct {
	mu     sync.Mutex
	groups map[string]servedCache
	users  map[string]cacheUser // by user id
}

type servedCache struct {
	spec    dataplane.Cache
	tokens  []string // valid AUTH tokens, oldest first
	address netip.AddrPort
}

func newCaches() *caches {
	return &caches{groups: map[string]servedCache{}, users: map[string]cacheUser{}}
}

// service corrects ElastiCache.
type service struct {
	*call.Account
	plane  dataplane.Plane
	caches *caches
}

// New returns the corrected calls of ElastiCache.
func New(a *call.Account, plane dataplane.Plane) call.Service {
	s := &service{Account: a, plane: plane, caches: newCaches()}
	return call.Service{
		Name: "elasticache", Actions: call.WithinQuotas(s.actions(), enforced), Bounds: bounds,
		Quotas: defaultQuotas, Resources: s.resources,
	}
}

func (s *service) actions() map[string]call.Handler {
	calls := map[string]call.Handler{
		"*":                                   call.After(s.fillResponse),
		"DescribeCacheEngineVersions":         call.Instead(cacheEngines),
		"DescribeCacheParameters":             call.After(filterParameters),
		"DescribeReservedCacheNodesOfferings": call.Instead(nodeOfferings),
	}
	for action, effect := range map[string]call.Handler{
		"CreateReplicationGroup": s.cacheCreated,
		"ModifyReplicationGroup": s.cacheModified,
		"DeleteReplicationGroup": s.cacheDeleted,
		"CreateUser":             s.storeUser,
		"ModifyUser":             s.storeUser,
		"DeleteUser":             s.userDeleted,
		"ModifyUserGroup":        s.applyUserChanges,
	} {
		calls[action] = call.After(func(x *call.Exchange) error {
			if err := effect(x); err != nil {
				return err
			}
			return s.fillResponse(x)
		})
	}
	calls["CreateReplicationGroup"] = s.requireFailover(calls["CreateReplicationGroup"])
	calls["ModifyReplicationGroup"] = s.checkUpgrade(s.rejectFailoverOff(calls["ModifyReplicationGroup"]))
	calls["DeleteCacheParameterGroup"] = s.rejectUsedGroup
	calls["ModifyUser"] = s.rejectWhileModifying(calls["ModifyUser"])
	return calls
}

// cacheMembers are the members of a replication group that the emulator accepts
// and does not return. A KMS key that is not returned would replace the group.
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

// storeNodes stores the members of a group's nodes that a change of the group
// changes: the emulator changes the group only, and clients read the nodes.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyReplicationGroup.html
func storeNodes(x *call.Exchange, id string) {
	members := call.FormMembers(x.Form, map[string]string{
		"Engine": "Engine", "EngineVersion": "EngineVersion", "PreferredMaintenanceWindow": "PreferredMaintenanceWindow",
	})
	if name := x.Form.Get("CacheParameterGroupName"); name != "" {
		group := &xmltree.Node{Name: "CacheParameterGroup"}
		group.Set("CacheParameterGroupName", name)
		group.Set("ParameterApplyStatus", "in-sync")
		members["CacheParameterGroup"] = group
	}
	x.Fields.Set(nodesKey(id), members)
}

// cacheCreated starts the servers of a new replication group.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateReplicationGroup.html
func (s *service) cacheCreated(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	ctx, group := x.Request.Context(), response.First("ReplicationGroup")
	clustered, err := s.clusterMode(ctx, x.Form.Get("CacheParameterGroupName"), group)
	if err != nil {
		return err
	}
	served := servedCache{spec: dataplane.Cache{ID: group.Value("ReplicationGroupId"), ClusterMode: clustered, Shards: 1}}
	if n, err := strconv.Atoi(x.Form.Get("NumNodeGroups")); err == nil && clustered {
		served.spec.Shards = n
	}
	if token := x.Form.Get("AuthToken"); token != "" {
		served.tokens = []string{token}
	}
	storeGroup(x, served.spec)
	if err := s.serveCache(ctx, served, groupUserGroups(group)); err != nil {
		s.rollBackGroup(ctx, served.spec.ID)
		return err
	}
	return nil
}

// storeGroup stores the members of a group that the emulator drops.
func storeGroup(x *call.Exchange, spec dataplane.Cache) {
	members := map[string]any{
		"AutoMinorVersionUpgrade": "true", "DataTiering": "disabled", "IpDiscovery": "ipv4", "NetworkType": "ipv4",
	}
	for member, value := range call.FormMembers(x.Form, cacheMembers) {
		members[member] = value
	}
	if spec.ClusterMode {
		members["ClusterEnabled"], members["ClusterMode"] = "true", "enabled"
	}
	x.Fields.Set(cacheKey(spec.ID), members)
}

// clusterMode reports whether a group runs in cluster mode: on AWS its parameter
// group decides (cluster-enabled yes), even with one shard. In the emulator a
// group has cluster mode if it has at least two shards.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/ParameterGroups.Redis.html
func (s *service) clusterMode(ctx context.Context, parameterGroup string, group *xmltree.Node) (bool, error) {
	if group.Value("ClusterEnabled") == "true" || group.Value("ClusterMode") == "enabled" {
		return true, nil
	}
	if parameterGroup == "" {
		return false, nil
	}
	if strings.HasPrefix(parameterGroup, "default.") {
		return strings.HasSuffix(parameterGroup, ".cluster.on"), nil
	}
	response, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{
		"Action": "DescribeCacheParameters", "CacheParameterGroupName": parameterGroup,
	})
	if err != nil {
		return false, fmt.Errorf("read the parameter group %s: %w", parameterGroup, err)
	}
	for _, parameter := range response.First("Parameters").Items() {
		if parameter.Value("ParameterName") == "cluster-enabled" {
			return parameter.Value("ParameterValue") == "yes", nil
		}
	}
	return false, nil
}

// cacheModified applies a changed AUTH token or user group.
func (s *service) cacheModified(x *call.Exchange) error {
	response, err := xmltree.Parse(x.Response)
	if err != nil {
		return err
	}
	group := response.First("ReplicationGroup")
	id := group.Value("ReplicationGroupId")
	x.Fields.Set(cacheKey(id), call.FormMembers(x.Form, cacheMembers))
	storeNodes(x, id)
	served, ok := s.servedCache(id)
	if !ok {
		return nil
	}
	served.tokens = changedTokens(served.tokens, x.Form.Get("AuthToken"), x.Form.Get("AuthTokenUpdateStrategy"))
	return s.serveCache(x.Request.Context(), served, groupUserGroups(group))
}

// changedTokens applies an update of the AUTH token: after ROTATE the last token
// and the new one are valid, after SET the new one only, after DELETE none.
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

func (s *service) cacheDeleted(x *call.Exchange) error {
	id := x.Form.Get("ReplicationGroupId")
	s.caches.mu.Lock()
	delete(s.caches.groups, id)
	s.caches.mu.Unlock()
	x.Fields.Delete(cacheKey(id))
	x.Fields.Delete(nodesKey(id))
	return s.plane.RemoveCache(x.Request.Context(), id)
}

func (s *service) servedCache(id string) (servedCache, bool) {
	s.caches.mu.Lock()
	defer s.caches.mu.Unlock()
	served, ok := s.caches.groups[id]
	return served, ok
}

// serveCache starts or changes the group's servers, with its AUTH tokens or the
// members of its user groups.
func (s *service) serveCache(ctx context.Context, served servedCache, userGroups []string) error {
	served.spec.AuthToken, served.spec.Users = "", nil
	if n := len(served.tokens); n > 0 {
		served.spec.AuthToken = served.tokens[n-1]
		if n > 1 {
			served.spec.Users = []dataplane.CacheUser{{Name: "default", Passwords: served.tokens, AccessString: "on ~* &* +@all"}}
		}
	}
	users, err := s.members(ctx, userGroups)
	if err != nil {
		return err
	}
	served.spec.Users = append(served.spec.Users, users...)
	if served.address, err = s.plane.EnsureCache(ctx, served.spec); err != nil {
		return fmt.Errorf("start the cache of replication group %s: %w", served.spec.ID, err)
	}
	s.caches.mu.Lock()
	defer s.caches.mu.Unlock()
	s.caches.groups[served.spec.ID] = served
	return nil
}

func (s *service) rollBackGroup(ctx context.Context, id string) {
	s.Fields.Delete(cacheKey(id))
	_, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DeleteReplicationGroup", "ReplicationGroupId": id})
	if err != nil {
		s.Log.Error("could not delete a replication group that has no servers", "group", id, "error", err)
	}
}

func groupUserGroups(group *xmltree.Node) []string { return group.Child("UserGroupIds").Texts() }

// fillResponse adds the data plane's addresses and the stored members to any
// response. The emulator returns a host named "redis".
func (s *service) fillResponse(x *call.Exchange) error {
	return x.EditXML(func(response *xmltree.Node) error {
		response.Each("ReplicationGroup", s.fillGroup)
		response.Each("CacheCluster", s.fillNode)
		response.Visit(s.fillUser)
		return nil
	})
}

// fillGroup sets the endpoints of a group: the configuration endpoint in cluster
// mode, the primary and reader endpoints without it.
func (s *service) fillGroup(group *xmltree.Node) {
	id := group.Value("ReplicationGroupId")
	s.Fields.Fill(cacheKey(id), group)
	served, ok := s.servedCache(id)
	if !ok {
		return
	}
	if served.spec.ClusterMode {
		group.Put(endpoint("ConfigurationEndpoint", served.address))
	}
	group.Each("NodeGroup", func(shard *xmltree.Node) {
		for _, name := range []string{"PrimaryEndpoint", "ReaderEndpoint"} {
			if served.spec.ClusterMode {
				shard.Remove(name)
				continue
			}
			shard.Put(endpoint(name, served.address))
		}
	})
	group.Each("NodeGroupMember", func(member *xmltree.Node) { member.Put(endpoint("ReadEndpoint", served.address)) })
}

// patchLevel is the last component of a node's engine version, which is not in requests. A client that compares the
// full version with the requested one finds a difference, and a lower version would replace the group.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
func patchLevel(engine, version string) string {
	if engine == "valkey" && version == "7.2" {
		return ".6"
	}
	return ".0"
}

// fillNode sets the endpoints of a group's node and adds the members that the
// emulator returns for the group only.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CacheCluster.html
func (s *service) fillNode(cluster *xmltree.Node) {
	id := cluster.Value("ReplicationGroupId")
	for _, member := range []string{"AutoMinorVersionUpgrade", "IpDiscovery", "NetworkType"} {
		if value := s.Fields.StringMember(cacheKey(id), member); value != "" {
			cluster.Set(member, value)
		}
	}
	s.Fields.Fill(nodesKey(id), cluster)
	if version := cluster.Value("EngineVersion"); strings.Count(version, ".") == 1 {
		cluster.Set("EngineVersion", version+patchLevel(cluster.Value("Engine"), version))
	}
	served, ok := s.servedCache(id)
	if !ok {
		return
	}
	cluster.Each("CacheNode", func(n *xmltree.Node) { n.Put(endpoint("Endpoint", served.address)) })
}

func endpoint(name string, address netip.AddrPort) *xmltree.Node {
	e := &xmltree.Node{Name: name}
	e.Set("Address", address.Addr().String())
	e.Set("Port", strconv.Itoa(int(address.Port())))
	return e
}

// applyUserChanges applies changed users or memberships to every replication
// group with a user group.
func (s *service) applyUserChanges(x *call.Exchange) error {
	ctx := x.Request.Context()
	response, err := x.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeReplicationGroups"})
	if err != nil {
		return err
	}
	for _, group := range response.First("ReplicationGroups").Items() {
		userGroups := groupUserGroups(group)
		served, ok := s.servedCache(group.Value("ReplicationGroupId"))
		if !ok || len(userGroups) == 0 {
			continue
		}
		if err := s.serveCache(ctx, served, slices.Clone(userGroups)); err != nil {
			return err
		}
	}
	return nil
}
