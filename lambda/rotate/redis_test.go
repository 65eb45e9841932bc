package rotate

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/cache/access"
	"github.com/didomi/serverless-api/lambda/internal/testparts"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// nodes are real Redis servers with one user of ElastiCache's, whose changes they are told.
type nodes struct {
	t       *testing.T
	address string
	cluster bool
	user    string
	admin   redis.UniversalClient
}

func newNodes(t *testing.T, variable string, cluster bool) *nodes {
	t.Helper()
	n := &nodes{t: t, address: testparts.Address(t, variable), cluster: cluster, user: rand.Text()}
	n.admin = redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{n.address}, IsClusterMode: cluster})
	t.Cleanup(func() {
		_ = n.each(context.Background(), "ACL", "DELUSER", n.user)
		_ = n.admin.Close()
	})
	return n
}

// each runs a command on every node.
func (n *nodes) each(ctx context.Context, command ...any) error {
	shards, ok := n.admin.(*redis.ClusterClient)
	if !ok {
		return n.admin.Do(ctx, command...).Err()
	}
	return shards.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
		return shard.Do(ctx, command...).Err()
	})
}

func (n *nodes) hold(passwords []string) {
	n.t.Helper()
	command := []any{"ACL", "SETUSER", n.user, "reset", "on", "~" + access.Keys, "+@all"}
	for _, password := range passwords {
		command = append(command, ">"+password)
	}
	if err := n.each(n.t.Context(), command...); err != nil {
		n.t.Fatal(err)
	}
}

// disconnect ends the user's connections, so that whoever comes next logs in.
func (n *nodes) disconnect() {
	n.t.Helper()
	if err := n.each(n.t.Context(), "CLIENT", "KILL", "USER", n.user); err != nil {
		n.t.Fatal(err)
	}
}

// instance is a new one of the function.
func (n *nodes) instance(v *vault) *cache.Redis {
	source := secrets.New(func() secrets.API { return v })
	store := cache.OpenRedis(cache.RedisConfig{
		Address: n.address, Cluster: n.cluster, Conns: 2,
		Credentials: func(ctx context.Context) (secrets.Credentials, error) { return source.Get(ctx, secret) },
		Refused:     func(used secrets.Credentials) { source.Refused(secret, used) },
	})
	n.t.Cleanup(func() { _ = store.Close() })
	return store
}

// lets says whether the nodes let the user in with the password.
func (n *nodes) lets(password string) error {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{n.address}, IsClusterMode: n.cluster, Username: n.user, Password: password,
	})
	defer func() { _ = client.Close() }()
	return client.Ping(n.t.Context()).Err()
}

func TestEveryInstanceIsLetInWhileTheCachesPasswordRotates(t *testing.T) {
	for name, c := range map[string]struct {
		variable string
		cluster  bool
	}{
		"by one node":  {"TEST_REDIS_ADDR", false},
		"by a cluster": {"TEST_REDIS_CLUSTER_ADDR", true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNodes(t, c.variable, c.cluster)
			v := &vault{values: map[string]string{}, labels: map[string]string{}}
			part := Cache{Users: &users{busy: 1, changed: n.hold}, ID: userID, Username: n.user, Pause: time.Millisecond}
			r := Rotation{Secrets: v, Secret: secret, Part: part, Log: slog.New(slog.DiscardHandler)}
			var instances []*cache.Redis
			var passwords []string
			take := func(step, token string) {
				if err := r.Run(t.Context(), Event{Step: step, SecretID: secret, Token: token}); err != nil {
					t.Fatal(err)
				}
				instances = append(instances, n.instance(v)) // beside those that know an older password
				for i, instance := range instances {
					if _, _, err := instance.Acquire(t.Context(), "item:{"+rand.Text()+"}", time.Minute); err != nil {
						t.Errorf("after %s of %s, instance %d: %v", step, token, i, err)
					}
				}
				n.disconnect()
			}
			take(deployStep, "")
			for round := range 3 {
				passwords = append(passwords, v.password(t, current))
				for _, step := range steps {
					take(step, fmt.Sprintf("round-%d", round))
				}
			}
			take(deployStep, "")
			passwords = append(passwords, v.password(t, current))
			if len(slices.Compact(slices.Clone(passwords))) != 4 {
				t.Error("a rotation left the password as it was")
			}
			for i, password := range passwords {
				if err := n.lets(password); (err == nil) != (i >= 2) || err != nil && !redis.IsAuthError(err) {
					t.Errorf("password %d of 4: %v, want the last two to let in, and no other", i+1, err)
				}
			}
		})
	}
}
