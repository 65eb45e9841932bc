package gateway

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	elasticachegw "github.com/didomi/serverless-api/sandbox/gateway/elasticache"
)

// clusterParameters creates a parameter group with cluster-enabled yes.
func clusterParameters(t *testing.T, client *elasticache.Client, name string) *string {
	t.Helper()
	_, err := client.CreateCacheParameterGroup(t.Context(), &elasticache.CreateCacheParameterGroupInput{CacheParameterGroupName: &name, CacheParameterGroupFamily: aws.String("redis7"), Description: aws.String("d")})
	if err == nil {
		_, err = client.ModifyCacheParameterGroup(t.Context(), &elasticache.ModifyCacheParameterGroupInput{CacheParameterGroupName: &name,
			ParameterNameValues: []types.ParameterNameValue{{ParameterName: aws.String("cluster-enabled"), ParameterValue: aws.String("yes")}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	return &name
}

func describeGroup(t *testing.T, client *elasticache.Client, id string) types.ReplicationGroup {
	t.Helper()
	response, err := client.DescribeReplicationGroups(t.Context(), &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &id})
	if err != nil {
		t.Fatal(err)
	}
	return response.ReplicationGroups[0]
}

func TestAReplicationGroupIsServedByTheDataPlane(t *testing.T) {
	s := newTestEnv(t, nil)
	client := elasticache.NewFromConfig(s.config())
	for _, test := range []struct {
		name       string
		input      elasticache.CreateReplicationGroupInput
		want       dataplane.Cache
		configured bool
	}{
		{"in cluster mode with one shard, by its parameter group", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("one-shard"), NumNodeGroups: aws.Int32(1),
			CacheParameterGroupName: clusterParameters(t, client, "own-on"), AuthToken: aws.String("a-token-of-16-chars"), TransitEncryptionEnabled: aws.Bool(true)},
			dataplane.Cache{ID: "one-shard", ClusterMode: true, Shards: 1, AuthToken: "a-token-of-16-chars"}, true},
		{"in cluster mode with a default parameter group", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("default-on"), NumNodeGroups: aws.Int32(1), CacheParameterGroupName: aws.String("default.redis7.cluster.on")},
			dataplane.Cache{ID: "default-on", ClusterMode: true, Shards: 1}, true},
		{"in cluster mode with three shards", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("three-shards"), NumNodeGroups: aws.Int32(3), ReplicasPerNodeGroup: aws.Int32(1), CacheParameterGroupName: aws.String("default.redis7.cluster.on")},
			dataplane.Cache{ID: "three-shards", ClusterMode: true, Shards: 3}, true},
		{"without cluster mode", elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("single"), NumCacheClusters: aws.Int32(2)},
			dataplane.Cache{ID: "single", Shards: 1}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.input.ReplicationGroupDescription, test.input.Engine = aws.String("d"), aws.String("redis")
			test.input.AutomaticFailoverEnabled = aws.Bool(true)
			test.input.KmsKeyId = aws.String("arn:aws:kms:eu-west-1:000000000000:key/k")
			if _, err := client.CreateReplicationGroup(t.Context(), &test.input); err != nil {
				t.Fatal(err)
			}
			if got := s.plane.caches[len(s.plane.caches)-1]; !reflect.DeepEqual(got, test.want) {
				t.Errorf("the data plane has %+v, want %+v", got, test.want)
			}
			checkGroup(t, s, describeGroup(t, client, test.want.ID), test.configured)
		})
	}
}

func checkGroup(t *testing.T, s *testEnv, got types.ReplicationGroup, configured bool) {
	t.Helper()
	address := s.plane.served["cache "+*got.ReplicationGroupId].Addr().String()
	if *got.ClusterEnabled != configured || (got.ConfigurationEndpoint != nil) != configured || aws.ToString(got.KmsKeyId) == "" {
		t.Errorf("cluster enabled %v, configuration endpoint %+v, key %v", *got.ClusterEnabled, got.ConfigurationEndpoint, got.KmsKeyId)
	}
	endpoint := got.ConfigurationEndpoint
	if !configured {
		endpoint = got.NodeGroups[0].PrimaryEndpoint
	} else if got.NodeGroups[0].PrimaryEndpoint != nil {
		t.Error("a shard of a clustered group has a primary endpoint")
	}
	if *endpoint.Address != address || *endpoint.Port != 6379 {
		t.Errorf("the endpoint is %+v, want %s", endpoint, address)
	}
	client := elasticache.NewFromConfig(s.config())
	nodes, err := client.DescribeCacheClusters(t.Context(), &elasticache.DescribeCacheClustersInput{CacheClusterId: &got.MemberClusters[0], ShowCacheNodeInfo: aws.Bool(true)})
	if err != nil || *nodes.CacheClusters[0].CacheNodes[0].Endpoint.Address != address || !aws.ToBool(nodes.CacheClusters[0].AutoMinorVersionUpgrade) {
		t.Errorf("the node has %+v, %v", nodes, err)
	}
}

func TestTheDataPlaneGetsARotatedAuthToken(t *testing.T) {
	s := newTestEnv(t, nil)
	client := elasticache.NewFromConfig(s.config())
	id := aws.String("rotated")
	_, err := client.CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{ReplicationGroupId: id, ReplicationGroupDescription: aws.String("d"), AuthToken: aws.String("first-token-16-chars"), TransitEncryptionEnabled: aws.Bool(true)})
	if err == nil {
		_, err = client.ModifyReplicationGroup(t.Context(), &elasticache.ModifyReplicationGroupInput{ReplicationGroupId: id, AuthToken: aws.String("second-token-16-chars"), AuthTokenUpdateStrategy: types.AuthTokenUpdateStrategyTypeRotate})
	}
	if err != nil {
		t.Fatal(err)
	}
	last := s.plane.caches[len(s.plane.caches)-1]
	if last.AuthToken != "second-token-16-chars" || len(last.Users) != 1 || !slices.Equal(last.Users[0].Passwords, []string{"first-token-16-chars", "second-token-16-chars"}) {
		t.Errorf("the data plane has %+v", last)
	}
	if _, err := client.DeleteReplicationGroup(t.Context(), &elasticache.DeleteReplicationGroupInput{ReplicationGroupId: id}); err != nil || !slices.Contains(s.plane.removed, "cache rotated") {
		t.Errorf("removed %v, %v", s.plane.removed, err)
	}
}

func TestUsersHaveTheirSettingsAndReachTheirGroups(t *testing.T) {
	s := newTestEnv(t, nil)
	now := time.Now()
	s.gateway.account.Now = func() time.Time { return now }
	client := elasticache.NewFromConfig(s.config())
	create := func(id string, mode *types.AuthenticationMode, none bool, passwords ...string) {
		t.Helper()
		input := &elasticache.CreateUserInput{UserId: &id, UserName: &id, Engine: aws.String("redis"), AccessString: aws.String("on ~* +@all"), AuthenticationMode: mode, Passwords: passwords}
		if none {
			input.NoPasswordRequired = aws.Bool(true)
		}
		if _, err := client.CreateUser(t.Context(), input); err != nil {
			t.Fatal(err)
		}
	}
	create("by-mode", &types.AuthenticationMode{Type: types.InputAuthenticationTypePassword, Passwords: []string{"p1-of-16-characters", "p2-of-16-characters"}}, false)
	create("by-list", nil, false, "p3-of-16-characters")
	create("by-iam", &types.AuthenticationMode{Type: types.InputAuthenticationTypeIam}, false)
	create("by-nothing", nil, true)
	for _, test := range []struct {
		id    string
		kind  types.AuthenticationType
		count int32
	}{
		{"by-mode", types.AuthenticationTypePassword, 2}, {"by-list", types.AuthenticationTypePassword, 1},
		{"by-iam", types.AuthenticationTypeIam, 0}, {"by-nothing", types.AuthenticationTypeNoPassword, 0},
	} {
		t.Run("a user "+test.id, func(t *testing.T) {
			response, err := client.DescribeUsers(t.Context(), &elasticache.DescribeUsersInput{UserId: &test.id})
			if err != nil || response.Users[0].Authentication.Type != test.kind || *response.Users[0].Authentication.PasswordCount != test.count {
				t.Errorf("got %+v, %v", response.Users[0].Authentication, err)
			}
		})
	}
	_, err := client.CreateUserGroup(t.Context(), &elasticache.CreateUserGroupInput{UserGroupId: aws.String("people"), Engine: aws.String("redis"), UserIds: []string{"by-mode"}})
	if err == nil {
		_, err = client.CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{ReplicationGroupId: aws.String("rbac"), ReplicationGroupDescription: aws.String("d"), UserGroupIds: []string{"people"}, TransitEncryptionEnabled: aws.Bool(true)})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the data plane has a member's passwords", func(t *testing.T) {
		last := s.plane.caches[len(s.plane.caches)-1]
		want := []dataplane.CacheUser{{Name: "by-mode", Passwords: []string{"p1-of-16-characters", "p2-of-16-characters"}, AccessString: "on ~* +@all"}}
		if !reflect.DeepEqual(last.Users, want) {
			t.Errorf("got %+v", last.Users)
		}
	})
	t.Run("the data plane gets a changed password", func(t *testing.T) {
		_, err := client.ModifyUser(t.Context(), &elasticache.ModifyUserInput{UserId: aws.String("by-mode"), Passwords: []string{"p4-of-16-characters"}})
		last := s.plane.caches[len(s.plane.caches)-1]
		if err != nil || !slices.Equal(last.Users[0].Passwords, []string{"p4-of-16-characters"}) {
			t.Errorf("got %+v, %v", last.Users, err)
		}
	})
	t.Run("a user cannot be changed while it is being modified", func(t *testing.T) {
		two := &elasticache.ModifyUserInput{UserId: aws.String("by-mode"), Passwords: []string{"p4-of-16-characters", "p5-of-16-characters"}}
		if _, err := client.ModifyUser(t.Context(), two); errorCode(err) != "InvalidUserState" {
			t.Errorf("a second change: %v", err)
		}
		describe := func() types.User {
			response, err := client.DescribeUsers(t.Context(), &elasticache.DescribeUsersInput{UserId: two.UserId})
			if err != nil {
				t.Fatal(err)
			}
			return response.Users[0]
		}
		if status := *describe().Status; status != "modifying" {
			t.Errorf("the status during the change is %s", status)
		}
		now = now.Add(elasticachegw.UserChange)
		if status := *describe().Status; status != "active" {
			t.Errorf("the status after the change is %s", status)
		}
		if _, err := client.ModifyUser(t.Context(), two); err != nil {
			t.Fatal(err)
		}
		last := s.plane.caches[len(s.plane.caches)-1]
		if user := describe(); !slices.Equal(last.Users[0].Passwords, two.Passwords) || *user.Authentication.PasswordCount != 2 || *user.Status != "modifying" {
			t.Errorf("status %s, %d passwords, %d in the data plane", *user.Status, *user.Authentication.PasswordCount, len(last.Users[0].Passwords))
		}
	})
	t.Run("the data plane gets a new member", func(t *testing.T) {
		_, err := client.ModifyUserGroup(t.Context(), &elasticache.ModifyUserGroupInput{UserGroupId: aws.String("people"), UserIdsToAdd: []string{"by-list"}})
		last := s.plane.caches[len(s.plane.caches)-1]
		if err != nil || len(last.Users) != 2 || last.Users[1].Name != "by-list" {
			t.Errorf("got %+v, %v", last.Users, err)
		}
	})
	t.Run("a user can be deleted", func(t *testing.T) {
		_, err := client.DeleteUser(t.Context(), &elasticache.DeleteUserInput{UserId: aws.String("by-iam")})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAChangeOfAReplicationGroupChangesItsNodes(t *testing.T) {
	s := newTestEnv(t, nil)
	client := elasticache.NewFromConfig(s.config())
	id := aws.String("moved")
	_, err := client.CreateReplicationGroup(t.Context(), &elasticache.CreateReplicationGroupInput{
		ReplicationGroupId: id, ReplicationGroupDescription: aws.String("d"), Engine: aws.String("redis"), EngineVersion: aws.String("7.1"),
		CacheParameterGroupName: clusterParameters(t, client, "old"), NumNodeGroups: aws.Int32(1), AutomaticFailoverEnabled: aws.Bool(true),
	})
	if err == nil {
		_, err = client.ModifyReplicationGroup(t.Context(), &elasticache.ModifyReplicationGroupInput{
			ReplicationGroupId: id, Engine: aws.String("valkey"), EngineVersion: aws.String("8.1"),
			CacheParameterGroupName: aws.String("new"), PreferredMaintenanceWindow: aws.String("mon:05:30-mon:06:30"), ApplyImmediately: aws.Bool(true),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	group := describeGroup(t, client, *id)
	nodes, err := client.DescribeCacheClusters(t.Context(), &elasticache.DescribeCacheClustersInput{CacheClusterId: &group.MemberClusters[0]})
	if err != nil {
		t.Fatal(err)
	}
	node := nodes.CacheClusters[0]
	if *group.Engine != "valkey" || *node.Engine != "valkey" || *node.EngineVersion != "8.1.0" ||
		*node.CacheParameterGroup.CacheParameterGroupName != "new" || *node.PreferredMaintenanceWindow != "mon:05:30-mon:06:30" {
		t.Errorf("the group has %s, its node %s %s with %+v and the window %s", *group.Engine, *node.Engine, *node.EngineVersion, node.CacheParameterGroup, *node.PreferredMaintenanceWindow)
	}
}
