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
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// nodes are real Redis servers with one ElastiCache user, whose changes they get.
type nodes struct {
	t       *testing.T
	address string
	cluster bool
	user    string
	admin   redis.UniversalClient
}

func newNodes(t *testing.T, variable string, cluster bool) *nodes {
	t.Helper()
	n := &nodes{t: t, address: testservices.Address(t, variable), cluster: cluster, user: rand.Text()}
	n.admin = redis.NewUniversalClient(&redis.UniversalOptions{Addrs: []string{n.address}, IsClusterMode: cluster})
	t.Cleanup(func() {
		_ = testservices.OnEveryShard(context.Background(), n.admin, "ACL", "DELUSER", n.user)
		_ = n.admin.Close()
	})
	return n
}

func (n *nodes) hold(passwords []string) {
	n.t.Helper()
	command := []any{"ACL", "SETUSER", n.user, "reset", "on", "~" + access.Keys, "+@all"}
	for _, password := range passwords {
		command = append(command, ">"+password)
	}
	if err := testservices.OnEveryShard(n.t.Context(), n.admin, command...); err != nil {
		n.t.Fatal(err)
	}
}

// disconnect ends the user's connections, so that the next command logs in.
func (n *nodes) disconnect() {
	n.t.Helper()
	if err := testservices.OnEveryShard(n.t.Context(), n.admin, "CLIENT", "KILL", "USER", n.user); err != nil {
		n.t.Fatal(err)
	}
}

// newClient is the client of a new execution environment.
func (n *nodes) newClient(v *fakeSecretsManager) *cache.Redis {
	source := secrets.New(func() secrets.API { return v })
	store := cache.OpenRedis(cache.RedisConfig{
		Address: n.address, Cluster: n.cluster, Conns: 2,
		Credentials:   func(ctx context.Context) (secrets.Credentials, error) { return source.Get(ctx, secret) },
		OnAuthFailure: func(used secrets.Credentials) { source.Invalidate(secret, used) },
	})
	n.t.Cleanup(func() { _ = store.Close() })
	return store
}

// login logs the user in with the password.
func (n *nodes) login(password string) error {
	client := redis.NewUniversalClient(&redis.UniversalOptions{
		Addrs: []string{n.address}, IsClusterMode: n.cluster, Username: n.user, Password: password,
	})
	defer func() { _ = client.Close() }()
	return client.Ping(n.t.Context()).Err()
}

func TestEveryClientCanLogInWhileTheCachePasswordRotates(t *testing.T) {
	for name, c := range map[string]struct {
		variable string
		cluster  bool
	}{
		"by one node":  {"TEST_REDIS_ADDR", false},
		"by a cluster": {"TEST_REDIS_CLUSTER_ADDR", true},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNodes(t, c.variable, c.cluster)
			v := &fakeSecretsManager{values: map[string]string{}, labels: map[string]string{}}
			part := Cache{Users: &users{busy: 1, changed: n.hold}, ID: userID, Username: n.user, PollInterval: time.Millisecond}
			r := Rotation{Secrets: v, Secret: secret, Target: part, Log: slog.New(slog.DiscardHandler)}
			var clients []*cache.Redis
			var passwords []string
			take := func(step, token string) {
				if err := r.Run(t.Context(), Event{Step: step, SecretID: secret, Token: token}); err != nil {
					t.Fatal(err)
				}
				clients = append(clients, n.newClient(v)) // in addition to those with an older password
				for i, newClient := range clients {
					if _, _, err := newClient.Acquire(t.Context(), "item:{"+rand.Text()+"}", time.Minute); err != nil {
						t.Errorf("after %s of %s, instance %d: %v", step, token, i, err)
					}
				}
				n.disconnect()
			}
			take(deployStep, "")
			for round := range 3 {
				passwords = append(passwords, v.password(t, stageCurrent))
				for _, step := range steps {
					take(step, fmt.Sprintf("round-%d", round))
				}
			}
			take(deployStep, "")
			passwords = append(passwords, v.password(t, stageCurrent))
			if len(slices.Compact(slices.Clone(passwords))) != 4 {
				t.Error("a rotation left the password as it was")
			}
			for i, password := range passwords {
				if err := n.login(password); (err == nil) != (i >= 2) || err != nil && !redis.IsAuthError(err) {
					t.Errorf("password %d of 4: %v, want only the last two to be valid", i+1, err)
				}
			}
		})
	}
}
