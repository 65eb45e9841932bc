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
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/secrets"
)

const (
	// connectTimeout bounds the making of one connection: a proxy answers in
	// milliseconds, one that is away should cost a request little.
	connectTimeout = 3 * time.Second
	// pingTimeout bounds the check of a connection that idled, perhaps while
	// the instance was frozen and its peer went away.
	pingTimeout = time.Second
	// callTimeout bounds one call with its retry; the caller's own deadline
	// may be shorter.
	callTimeout = 6 * time.Second
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
	// Credentials returns what to log in with; it is asked at every connection.
	Credentials func(context.Context) (secrets.Credentials, error)
	// Refused is told of credentials that the database did not accept.
	Refused func(secrets.Credentials)
}

// Store reads and writes items. It is safe for concurrent use.
type Store struct {
	pool    *pgxpool.Pool
	refused func(secrets.Credentials)
	retries budget
}

// Open prepares a Store; the first call makes the first connection.
func Open(config Config) (*Store, error) {
	settings, err := config.pool()
	if err != nil {
		return nil, fmt.Errorf("configuring the database %s:%d: %w", config.Host, config.Port, err)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), settings)
	if err != nil {
		return nil, fmt.Errorf("opening the database %s:%d: %w", config.Host, config.Port, err)
	}
	return &Store{pool: pool, refused: config.Refused}, nil
}

// Close closes all connections; calls under way end first.
func (s *Store) Close() { s.pool.Close() }

// Connect makes a connection that the next call finds, without asking anything of it.
func (s *Store) Connect(ctx context.Context) error {
	return s.call(ctx, "connecting to the database", read, func(ctx context.Context) error {
		conn, err := s.pool.Acquire(ctx)
		if err == nil {
			conn.Release()
		}
		return err
	})
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	return s.call(ctx, "pinging the database", read, s.pool.Ping)
}

func (c Config) pool() (*pgxpool.Config, error) {
	settings, err := pgxpool.ParseConfig(c.url())
	if err != nil {
		return nil, err
	}
	settings.MaxConns = c.MaxConns
	settings.PingTimeout = pingTimeout
	settings.ConnConfig.ConnectTimeout = connectTimeout
	settings.ConnConfig.DefaultQueryExecMode = pgx.QueryExecModeExec
	settings.ConnConfig.StatementCacheCapacity = 0
	settings.ConnConfig.DescriptionCacheCapacity = 0
	settings.BeforeConnect = func(ctx context.Context, conn *pgx.ConnConfig) error {
		credentials, err := c.Credentials(ctx)
		conn.User, conn.Password = credentials.Username, credentials.Password
		return err
	}
	return settings, nil
}

// url leaves the user out: BeforeConnect fills it in.
func (c Config) url() string {
	u := url.URL{
		Scheme:   "postgres",
		Host:     net.JoinHostPort(c.Host, strconv.Itoa(c.Port)),
		Path:     "/" + c.Database,
		RawQuery: url.Values{"sslmode": {c.SSLMode}}.Encode(),
	}
	return u.String()
}
