// Package postgres connects to the database outside the pool that serves requests, for a migration or a
// password rotation.
package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// connectTimeout bounds one login: a proxy without a free or ready connection keeps its client waiting.
const connectTimeout = 20 * time.Second

// AppUser is the API's database user. A migration creates it.
const AppUser = "app"

// Database is the address of a database.
type Database struct {
	Host    string
	Port    int
	Name    string
	SSLMode string // "verify-full" or "disable"
}

// Connect opens one connection. Its error names host and user, never the password.
func (d Database) Connect(ctx context.Context, credentials secrets.Credentials) (*pgx.Conn, error) {
	config, err := d.Config(credentials)
	if err != nil {
		return nil, err
	}
	return d.Open(ctx, config)
}

// Config returns the configuration of a connection with these credentials.
func (d Database) Config(credentials secrets.Credentials) (*pgx.ConnConfig, error) {
	config, err := pgx.ParseConfig(d.URL())
	if err != nil {
		return nil, fmt.Errorf("configuring the database %s:%d: %w", d.Host, d.Port, err)
	}
	if err := SetRootCAs(config.TLSConfig, d.Host); err != nil {
		return nil, err
	}
	config.User, config.Password = credentials.Username, credentials.Password
	config.ConnectTimeout = connectTimeout
	// No prepared statements: RDS Proxy would pin the session.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	return config, nil
}

// Open opens a connection with a configuration of Config.
func (d Database) Open(ctx context.Context, config *pgx.ConnConfig) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database %s:%d as %s: %w", d.Host, d.Port, config.User, err)
	}
	return conn, nil
}

// URL returns the connection string without user and password, which could end up in an error.
func (d Database) URL() string {
	u := url.URL{
		Scheme:   "postgres",
		Host:     net.JoinHostPort(d.Host, strconv.Itoa(d.Port)),
		Path:     "/" + d.Name,
		RawQuery: url.Values{"sslmode": {d.SSLMode}}.Encode(),
	}
	return u.String()
}
