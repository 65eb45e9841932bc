package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

// awsConfig returns the configuration of the emulated account's administrator.
func awsConfig(out outputs) aws.Config {
	return aws.Config{
		Region:       out.Region,
		BaseEndpoint: aws.String(out.AWSEndpoint),
		Credentials:  credentials.NewStaticCredentialsProvider(out.AccessKeyID, out.SecretAccessKey, ""),
	}
}

// functionEnvironment returns the deployed environment of the API's function, which it finds by its handler.
func functionEnvironment(t *testing.T, out outputs) map[string]string {
	t.Helper()
	list, err := lambda.NewFromConfig(awsConfig(out)).ListFunctions(context.Background(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range list.Functions {
		if aws.ToString(f.Handler) == "api" && f.Environment != nil && f.Environment.Variables["BUCKET"] == out.Bucket {
			return f.Environment.Variables
		}
	}
	t.Fatalf("no function with handler api and bucket %s among %d", out.Bucket, len(list.Functions))
	return nil
}

// login reads a secret of the form {username, password}.
func login(t *testing.T, out outputs, arn string) (username, password string) {
	t.Helper()
	secret, err := secretsmanager.NewFromConfig(awsConfig(out)).GetSecretValue(context.Background(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(arn)})
	if err != nil {
		t.Fatal(err)
	}
	var value struct{ Username, Password string }
	if err := json.Unmarshal([]byte(aws.ToString(secret.SecretString)), &value); err != nil {
		t.Fatalf("secret %s is not {username, password}", arn)
	}
	return value.Username, value.Password
}

// sandboxCA returns a pool with the sandbox's CA.
func sandboxCA(t *testing.T) *x509.CertPool {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(repository(t), ".sandbox", "run", "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		t.Fatal("ca.pem holds no certificate")
	}
	return pool
}

// checkRow checks the item's row in PostgreSQL, with the function's connection settings.
func checkRow(t *testing.T, out outputs, id, value string) {
	t.Helper()
	username, password := login(t, out, functionEnvironment(t, out)["DB_SECRET_ARN"])
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := connectDatabase(t, out, username, password)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var got string
	if err := conn.QueryRow(ctx, "SELECT body->>'n' FROM items WHERE id = $1", id).Scan(&got); err != nil || got != value {
		t.Fatalf("row %s: %q, %v, want %q", id, got, err, value)
	}
}

// connectDatabase logs in to PostgreSQL with the function's connection settings.
func connectDatabase(t *testing.T, out outputs, username, password string) (*pgx.Conn, error) {
	t.Helper()
	env := functionEnvironment(t, out)
	dsn := url.URL{
		Scheme: "postgres", User: url.UserPassword(username, password),
		Host: env["DB_HOST"] + ":" + env["DB_PORT"], Path: env["DB_NAME"], RawQuery: "sslmode=verify-full",
	}
	config, err := pgx.ParseConfig(dsn.String())
	if err != nil {
		t.Fatal("the deployed database variables are not a valid connection string")
	}
	config.TLSConfig.RootCAs = sandboxCA(t)
	config.ConnectTimeout = 20 * time.Second
	return pgx.ConnectConfig(context.Background(), config)
}

// checkKey checks the item's key in Redis, through TLS and in cluster mode, as the function's user. Redis denies that
// user all other commands, and rejects other logins.
func checkKey(t *testing.T, out outputs, id string) {
	t.Helper()
	username, password := login(t, out, functionEnvironment(t, out)["REDIS_SECRET_ARN"])
	connect := func(username, password string) *redis.ClusterClient { return connectCache(t, out, username, password) }
	db := connect(username, password)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if err := db.Get(ctx, "item:1:{"+id+"}").Err(); err != nil {
		t.Fatalf("the key of item %s: %v", id, err)
	}
	for _, rejected := range []struct {
		what, want string
		err        error
	}{
		{"the function's user lists keys", "NOPERM", db.Keys(ctx, "*").Err()},
		{"the function's user reads another program's key", "NOPERM", db.Get(ctx, "session:{1}").Err()},
		{"the user default logs in with the password", "WRONGPASS", connect("", password).Get(ctx, "item:1:{1}").Err()},
		{"a client logs in without a password", "NOAUTH", connect("", "").Get(ctx, "item:1:{1}").Err()},
	} {
		if rejected.err == nil || !strings.Contains(rejected.err.Error(), rejected.want) {
			t.Errorf("%s: %v, want %s", rejected.what, rejected.err, rejected.want)
		}
	}
}

// connectCache returns a Redis client with the function's connection settings. It logs in with the first command.
func connectCache(t *testing.T, out outputs, username, password string) *redis.ClusterClient {
	t.Helper()
	db := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{functionEnvironment(t, out)["REDIS_ADDR"]}, Username: username, Password: password,
		TLSConfig: &tls.Config{RootCAs: sandboxCA(t), MinVersion: tls.VersionTLS12},
	})
	t.Cleanup(func() { _ = db.Close() })
	return db
}
