// Package store keeps items in PostgreSQL.
//
// It is written for RDS Proxy: statements go through the extended protocol
// unnamed (QueryExecModeExec), so that there is no prepared statement, no
// session SET, no sequence and no session lock, and no statement text over
// 16 KB: each of these pins a client to a database connection.
package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

const (
	// connectTimeout bounds the making of one connection: a proxy answers in
	// milliseconds, one that is away should cost a request little.
	connectTimeout = 3 * time.Second
	// pingAfter is how long a connection idles before it is checked when it is
	// used: its peer may have gone away while the instance was frozen.
	pingAfter = time.Second
	// pingTimeout bounds that check.
	pingTimeout = time.Second
	// callTimeout bounds one call with its retry; the caller's own deadline
	// may be shorter.
	callTimeout = timeouts.Call
)

// Config says where the database is and as whom to connect.
type Config struct {
	Host     string
	Port     int
	Database string
	SSLMode  string // "verify-full" or "disable"
	// MaxConns is how many connections one process may hold. A Lambda
	// instance serves one request at a time, so a few are plenty.
	MaxConns int32
	// MaxIdle is how long a connection may have idled when it is used; 0: as long
	// as the pool keeps it, by a loop that is frozen with the instance.
	MaxIdle time.Duration
	// User is who logs in.
	User string
	// Credentials returns what User logs in with; it is asked at every connection.
	Credentials func(context.Context) (secrets.Credentials, error)
	// Refused is told of credentials that the database did not accept.
	OnAuthFailure func(secrets.Credentials)
}

// Store reads and writes items. It is safe for concurrent use.
type Store struct {
	pool          func() (*pgxpool.Pool, error)
	onAuthFailure func(secrets.Credentials)
	retries       retryBudget
}

// Open prepares a Store. The first call makes the pool, for which pgx looks
// for files and users that a function does not have, and the first connection.
func Open(config Config) *Store {
	return &Store{pool: sync.OnceValues(config.pool), onAuthFailure: config.OnAuthFailure}
}

// Close closes all connections; calls under way end first.
func (s *Store) Close() {
	if pool, err := s.pool(); err == nil {
		pool.Close()
	}
}

// reset has the connections of the pool replaced.
func (s *Store) reset() {
	if pool, err := s.pool(); err == nil {
		pool.Reset()
	}
}

// Prepare does what the first call would do before it connects: it makes the
// pool, and pgx' table of types, which all connections begin with.
func (s *Store) Prepare() {
	_, _ = s.pool() // what is wrong with it every call says
	_ = pgtype.NewMap()
}

// Connect makes a connection that the next call finds, without asking anything of it.
func (s *Store) Connect(ctx context.Context) error {
	return s.call(ctx, "connecting to the database", readCall, func(context.Context, *pgxpool.Conn) error { return nil })
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.call(ctx, "pinging the database", readCall, func(ctx context.Context, conn *pgxpool.Conn) error { return conn.Ping(ctx) })
}

func (c Config) pool() (*pgxpool.Pool, error) {
	address := postgres.Database{Host: c.Host, Port: c.Port, Name: c.Database, SSLMode: c.SSLMode}.URL()
	settings, err := pgxpool.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("configuring the database %s:%d: %w", c.Host, c.Port, err)
	}
	if err := postgres.SetRootCAs(settings.ConnConfig.TLSConfig, c.Host); err != nil {
		return nil, err
	}
	settings.MaxConns = c.MaxConns
	settings.PingTimeout = pingTimeout
	settings.ShouldPing = c.shouldPing
	settings.ConnConfig.ConnectTimeout = connectTimeout
	settings.ConnConfig.User = c.User
	settings.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	settings.ConnConfig.StatementCacheCapacity = 0
	settings.ConnConfig.DescriptionCacheCapacity = 0
	settings.BeforeConnect = c.configureLogin
	return pgxpool.NewWithConfig(context.Background(), settings)
}

// shouldPing has a connection checked that idled, and closes one that idled for
// too long: its check fails at once then, not after a timeout, and the pool
// takes another.
func (c Config) shouldPing(ctx context.Context, params pgxpool.ShouldPingParams) bool {
	old := c.MaxIdle > 0 && params.IdleDuration > c.MaxIdle
	if old {
		_ = params.Conn.Close(ctx) // it is given up either way
	}
	return old || params.IdleDuration > pingAfter
}
