package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
)

const (
	database = "bench"
	// rows is the number of items; every cache miss needs one that has not been read.
	rows = 60_000
	// memory is the function's size, MB, as Pulumi.yaml has it.
	memory = "512"
)

// itemBody is the body of every item: 1 KiB of JSON.
var itemBody = `{"text":"` + strings.Repeat("x", 1024-11) + `"}`

// servers are those that all candidates use.
type servers struct {
	admin *pgx.Conn
	redis *redis.ClusterClient
	cloud *cloud
	env   []string     // of every candidate, as the deployed function has it
	used  atomic.Int64 // items that fresh has returned
}

// openServers connects to the servers and creates a database with items by the function's own migration.
func openServers(ctx context.Context, all candidates) (*servers, error) {
	server, err := pgx.ParseConfig(os.Getenv("TEST_POSTGRES_URL"))
	if err != nil || os.Getenv("TEST_REDIS_CLUSTER_ADDR") == "" {
		return nil, errors.Join(errors.New("no servers: run make bench"), err)
	}
	admin, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return nil, err
	}
	if _, err := admin.Exec(ctx, `CREATE DATABASE `+database); err != nil {
		return nil, err
	}
	p := &servers{redis: redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{os.Getenv("TEST_REDIS_CLUSTER_ADDR")}})}
	if p.cloud, err = newCloud(server.User, server.Password); err != nil {
		return nil, err
	}
	p.env = []string{
		"PATH=" + os.Getenv("PATH"), "TZ=:UTC", "LANG=en_US.UTF-8",
		"DB_HOST=" + server.Host, fmt.Sprintf("DB_PORT=%d", server.Port), "DB_NAME=" + database, "DB_SSLMODE=disable",
		"DB_SECRET_ARN=" + appSecret, "DB_MASTER_SECRET_ARN=" + masterSecret,
		"REDIS_ADDR=" + os.Getenv("TEST_REDIS_CLUSTER_ADDR"), "REDIS_TLS=false", "REDIS_CLUSTER=true",
		"BUCKET=" + bucket, "CACHE_TTL=1h", "CACHE_TTL_SECONDS=3600", "STALE_TTL=1h", "NEGATIVE_TTL=5s",
		"AWS_ENDPOINT_URL=" + p.cloud.url(), "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1",
		"AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
		"AWS_LAMBDA_FUNCTION_NAME=api", "AWS_LAMBDA_FUNCTION_VERSION=1", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=" + memory,
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/api", "AWS_LAMBDA_LOG_STREAM_NAME=bench",
	}
	if err := p.migrate(ctx, all.operations); err != nil {
		return nil, err
	}
	own := server.Copy()
	own.Database = database
	if err := admin.Close(ctx); err != nil {
		return nil, err
	}
	if p.admin, err = pgx.ConnectConfig(ctx, own); err != nil {
		return nil, err
	}
	app, err := p.cloud.credentials(appSecret)
	p.env = append(p.env, "BARE_USER="+app.Username, "BARE_PASSWORD="+app.Password)
	return p, errors.Join(err, p.fill(ctx))
}

// migrate creates the schema and the application's user as a deployment does.
func (p *servers) migrate(ctx context.Context, operations candidate) error {
	work := make(chan *invocation)
	i, err := startInstance(operations, work, "migrate", p.env)
	if err != nil {
		return err
	}
	defer i.stop()
	if _, err := i.ready(ctx); err != nil {
		return err
	}
	_, err = ask(ctx, work, []byte(`{"hash":"bench"}`))
	return err
}

func (p *servers) fill(ctx context.Context) error {
	_, err := p.admin.Exec(ctx, `INSERT INTO items (id, body, revision, created_at, updated_at)
SELECT 'item-' || n, $1::json, md5(n::text), now(), now() FROM generate_series(1, $2::int) n`, itemBody, rows)
	if err != nil {
		return err
	}
	_, err = p.admin.Exec(ctx, `VACUUM ANALYZE items`)
	return err
}

// fresh returns the id of an item that has not been read.
func (p *servers) fresh() string {
	n := p.used.Add(1)
	if n > rows {
		panic("the plan needs more rows")
	}
	return fmt.Sprintf("item-%d", n)
}

// reads returns the number of item lookups so far. PostgreSQL's sessions report
// their counts when they end, so all sessions of the application must have
// ended.
func (p *servers) reads(ctx context.Context) (reads int, err error) {
	for sessions := -1; sessions != 0; {
		err := p.admin.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'`).Scan(&sessions)
		if err != nil {
			return 0, err
		}
		time.Sleep(10 * time.Millisecond)
	}
	err = p.admin.QueryRow(ctx, `SELECT coalesce(idx_scan, 0) + seq_scan FROM pg_stat_user_tables WHERE relname = 'items'`).Scan(&reads)
	return reads, err
}

// close drops the database; the servers end with make bench.
func (p *servers) close() error {
	return errors.Join(p.redis.Close(), p.admin.Close(context.Background()), p.cloud.close())
}
