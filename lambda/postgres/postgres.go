// Package postgres says where the database is, and logs in to it outside the requests' pool, for what
// is done once: a migration, the rotation of a password.
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

// connectTimeout bounds one login: a proxy without a free or ready connection keeps its client
// waiting.
const connectTimeout = 20 * time.Second

// AppUser is who the API logs in to the database as; a migration makes it.
const AppUser = "app"

// Database is where a database is.
type Database struct {
	Host    string
	Port    int
	Name    string
	SSLMode string // "verify-full" or "disable"
}

// Connect logs in once. The error says where and as whom, and carries no password.
func (d Database) Connect(ctx context.Context, credentials secrets.Credentials) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(d.URL())
	if err != nil {
		return nil, fmt.Errorf("configuring the database %s:%d: %w", d.Host, d.Port, err)
	}
	if err := SetRootCAs(config.TLSConfig, d.Host); err != nil {
		return nil, err
	}
	config.User, config.Password = credentials.Username, credentials.Password
	config.ConnectTimeout = connectTimeout
	// No prepared statements, which RDS Proxy would pin the session for.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connecting to the database %s:%d as %s: %w", d.Host, d.Port, credentials.Username, err)
	}
	return conn, nil
}

// URL is the database's address for pgx. It leaves the user out: a password in an address could end up
// in an error.
func (d Database) URL() string {
	u := url.URL{
		Scheme:   "postgres",
		Host:     net.JoinHostPort(d.Host, strconv.Itoa(d.Port)),
		Path:     "/" + d.Name,
		RawQuery: url.Values{"sslmode": {d.SSLMode}}.Encode(),
	}
	return u.String()
}
