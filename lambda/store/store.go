// Package store stores items in PostgreSQL.
//
// It is written for RDS Proxy: statements use the extended protocol unnamed (QueryExecModeExec). There are no prepared
// statements, no session SET, no sequences, no session locks, and no statements over 16 KB: each of these pins a client to a
// database connection.
package store

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/internal/limit"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

const (
	// connectTimeout bounds one connection: a proxy responds in milliseconds, and one that is unavailable should cost a request
	// little.
	connectTimeout = 3 * time.Second
	// pingAfter is the idle time after which a connection is checked before use: its peer may have gone while the execution
	// environment was frozen.
	pingAfter = time.Second
	// pingTimeout bounds that check.
	pingTimeout = time.Second
	// callTimeout bounds one call with its retries; the caller's deadline may be earlier.
	callTimeout = timeouts.Call
)

// Config is the address of the database and its login.
type Config struct {
	Host     string
	Port     int
	Database string
	SSLMode  string // "verify-full" or "disable"
	// MaxConns bounds the connections of the process. An execution environment serves one request at a time, so a few are
	// enough.
	MaxConns int32
	// MaxIdle is the longest idle time of a connection that is still used; 0: as long as the pool keeps it, by a loop that is
	// frozen with the execution environment.
	MaxIdle time.Duration
	// User is the database user.
	User string
	// Credentials returns the credentials of User; it is called for every connection.
	Credentials func(context.Context) (secrets.Credentials, error)
	// OnAuthFailure is called with credentials that the database rejected.
	OnAuthFailure func(secrets.Credentials)
}

// Store reads and writes items. It is safe for concurrent use.
type Store struct {
	pool          func() (*pgxpool.Pool, error)
	onAuthFailure func(secrets.Credentials)
	retries       retryBudget
}

// Open returns a Store. The first call creates the pool, for which pgx looks for files and users that a function does not have,
// and the first connection.
func Open(config Config) *Store {
	return &Store{pool: sync.OnceValues(config.pool), onAuthFailure: config.OnAuthFailure}
}

// Close closes all connections after the current calls.
func (s *Store) Close() {
	if pool, err := s.pool(); err == nil {
		pool.Close()
	}
}

// reset replaces the connections of the pool.
func (s *Store) reset() {
	if pool, err := s.pool(); err == nil {
		pool.Reset()
	}
}

// Prepare does what the first call would do before it connects: it creates the pool, and pgx's table of types, which every
// connection starts with.
func (s *Store) Prepare() {
	_, _ = s.pool() // every call returns its error
	_ = pgtype.NewMap()
}

// Connect opens a connection for the next call.
func (s *Store) Connect(ctx context.Context) error {
	return s.call(ctx, "connecting to the database", readCall, func(context.Context, *pgxpool.Conn) error { return nil })
}

// Ping reports whether the database responds.
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
	settings.ConnConfig.ConnectTimeout = limit.Of(connectTimeout)
	settings.ConnConfig.User = c.User
	settings.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	settings.ConnConfig.StatementCacheCapacity = 0
	settings.ConnConfig.DescriptionCacheCapacity = 0
	settings.BeforeConnect = c.configureLogin
	return pgxpool.NewWithConfig(context.Background(), settings)
}

// shouldPing makes the pool check a connection that was idle. It closes one that was idle for too long: the check then fails at
// once instead of by timeout, and the pool takes another one.
func (c Config) shouldPing(ctx context.Context, params pgxpool.ShouldPingParams) bool {
	old := c.MaxIdle > 0 && params.IdleDuration > c.MaxIdle
	if old {
		_ = params.Conn.Close(ctx) // it is dropped either way
	}
	return old || params.IdleDuration > pingAfter
}
