// Package testservices gives tests real services: Redis, and a database of their own, migrated as in a deployment. Without them, a
// test fails with how to start them.
package testservices

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
)

// Address returns the environment variable with the address of a real service.
func Address(t testing.TB, name string) string {
	t.Helper()
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: this test requires PostgreSQL and Redis: run make unit, or make sandbox once and .sandbox/bin/sandbox services -- go test ./lambda/...", name)
	}
	return value
}

// OnEveryShard runs a command on a standalone Redis, or on every shard of a cluster.
func OnEveryShard(ctx context.Context, client redis.UniversalClient, command ...any) error {
	shards, ok := client.(*redis.ClusterClient)
	if !ok {
		return client.Do(ctx, command...).Err()
	}
	return shards.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
		return shard.Do(ctx, command...).Err()
	})
}

// Secrets is an in-memory Secrets Manager: values by ARN.
type Secrets struct {
	mu     sync.Mutex
	values map[string]string
}

// NewSecrets returns Secrets with these credentials by ARN.
func NewSecrets(values map[string]secrets.Credentials) *Secrets {
	s := &Secrets{values: map[string]string{}}
	for arn, value := range values {
		s.Set(arn, value)
	}
	return s
}

// Set sets the value of the secret arn.
func (s *Secrets) Set(arn string, value secrets.Credentials) {
	encoded, _ := json.Marshal(value)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[arn] = string(encoded)
}

// Value returns the value of the secret arn, with the errors of Secrets Manager.
func (s *Secrets) Value(arn string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	value, ok := s.values[arn]
	if !ok {
		return "", &types.ResourceNotFoundException{}
	}
	return value, nil
}

// ServeHTTP implements GetSecretValue of Secrets Manager.
func (s *Secrets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") != "secretsmanager.GetSecretValue" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	var in struct{ SecretID string }
	_ = json.NewDecoder(r.Body).Decode(&in) // an invalid request is for a missing secret
	value, err := s.Value(in.SecretID)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"__type": "ResourceNotFoundException"})
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]string{"SecretString": value})
}

// GetSecretValue implements secrets.API.
func (s *Secrets) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	value, err := s.Value(aws.ToString(in.SecretId))
	return &secretsmanager.GetSecretValueOutput{SecretString: &value}, err
}

// PutSecretValue implements migrate.SecretsAPI.
func (s *Secrets) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.values[aws.ToString(in.SecretId)] = aws.ToString(in.SecretString)
	return &secretsmanager.PutSecretValueOutput{}, nil
}

// The ARNs of a test database's secrets.
const (
	MasterSecret = "arn:master"
	AppSecret    = "arn:app"
)

// Database is a database of one test.
type Database struct {
	Migration migrate.Migration // applies all migrations
	Secrets   *Secrets          // the master user's, and the application's once migrated
	Admin     *pgx.ConnConfig   // connects to it as the superuser
}

// NewDatabase creates an empty database that is dropped when the test ends.
func NewDatabase(t testing.TB) Database {
	t.Helper()
	admin, err := pgx.ParseConfig(Address(t, "TEST_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	name := "test_" + strings.ToLower(rand.Text()[:12])
	run(t, admin, `CREATE DATABASE `+name)
	t.Cleanup(func() { run(t, admin, `DROP DATABASE `+name+` WITH (FORCE)`) })
	own := admin.Copy()
	own.Database = name
	secretCache := NewSecrets(map[string]secrets.Credentials{MasterSecret: {Username: admin.User, Password: admin.Password}})
	return Database{
		Admin: own, Secrets: secretCache,
		Migration: migrate.Migration{
			Secrets: secretCache, MasterSecret: MasterSecret, AppSecret: AppSecret,
			Database: postgres.Database{Host: admin.Host, Port: int(admin.Port), Name: name, SSLMode: "disable"},
			Log:      slog.New(slog.DiscardHandler),
		},
	}
}

// Migrate runs the migrations. All databases of the server share the application's user, so all tests use the same password and
// migrate one after the other.
func (d Database) Migrate(t testing.TB) {
	t.Helper()
	d.Secrets.Set(AppSecret, secrets.Credentials{Username: postgres.AppUser, Password: "of-all-tests"})
	if _, err := Exclusively(t, d.Migration.Run); err != nil {
		t.Fatal(err)
	}
}

// Exclusively runs migrations while no other test runs any on the same server: their own lock is per database, and the
// application's user is shared.
func Exclusively[T any](t testing.TB, migrate func(context.Context) (T, error)) (T, error) {
	t.Helper()
	ctx := t.Context()
	conn, err := pgx.Connect(ctx, Address(t, "TEST_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock(1)`); err != nil {
		t.Fatal(err)
	}
	return migrate(ctx)
}

// Config returns the function's configuration for the database.
func (d Database) Config() store.Config {
	secretCache := secrets.New(func() secrets.API { return d.Secrets })
	return store.Config{
		Host: d.Admin.Host, Port: int(d.Admin.Port), Database: d.Admin.Database, SSLMode: "disable", MaxConns: 8, User: postgres.AppUser,
		Credentials:   func(ctx context.Context) (secrets.Credentials, error) { return secretCache.Get(ctx, AppSecret) },
		OnAuthFailure: func(used secrets.Credentials) { secretCache.Invalidate(AppSecret, used) },
	}
}

// Store migrates the database and returns a Store on it.
func (d Database) Store(t testing.TB) *store.Store {
	t.Helper()
	d.Migrate(t)
	items := store.Open(d.Config())
	t.Cleanup(items.Close)
	return items
}

// Redis returns a new client of the standalone server or of the cluster, like that of another execution environment. Its timeouts
// allow for a busy machine.
func Redis(t testing.TB, cluster bool) *cache.Redis {
	t.Helper()
	name := "TEST_REDIS_ADDR"
	if cluster {
		name = "TEST_REDIS_CLUSTER_ADDR"
	}
	redis := cache.OpenRedis(cache.RedisConfig{Address: Address(t, name), Cluster: cluster, Conns: 64, CommandTimeout: 30 * time.Second})
	t.Cleanup(func() {
		if err := redis.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
			t.Error(err)
		}
	})
	return redis
}

func run(t testing.TB, config *pgx.ConnConfig, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
