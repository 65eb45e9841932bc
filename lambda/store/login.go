package store

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// configureLogin makes a connection log in with a secret that is read while the connection is established: the network, TLS and
// the start of a session on the server take as long. pgx reads the password when the server has asked for it, so the server's
// first message is held back until the secret is there.
func (c Config) configureLogin(ctx context.Context, conn *pgx.ConnConfig) error {
	secret := c.readSecret(ctx)
	var attempt context.Context // ends when the attempt to connect does
	var used *pgconn.Config     // pgx's own copy of conn, from which it logs in
	conn.AfterNetConnect = func(ctx context.Context, config *pgconn.Config, network net.Conn) (net.Conn, error) {
		attempt, used = ctx, config
		return network, nil
	}
	build := conn.BuildFrontend
	conn.BuildFrontend = func(server io.Reader, to io.Writer) *pgproto3.Frontend {
		return build(&gatedReader{Reader: server, wait: func() error { return c.awaitSecret(attempt, secret, used) }}, to)
	}
	return nil
}

// pendingSecret is a secret that is being read.
type pendingSecret struct {
	done        chan struct{}
	credentials secrets.Credentials // valid once done is closed
	err         error               // likewise
}

func (c Config) readSecret(ctx context.Context) *pendingSecret {
	secret := &pendingSecret{done: make(chan struct{})}
	go func() {
		defer close(secret.done)
		secret.credentials, secret.err = c.Credentials(ctx)
	}()
	return secret
}

// awaitSecret waits for the secret until ctx ends, and sets the password for pgx.
func (c Config) awaitSecret(ctx context.Context, secret *pendingSecret, login *pgconn.Config) error {
	select {
	case <-secret.done:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the secret of the user %s: %w", c.User, context.Cause(ctx))
	}
	if secret.err != nil {
		return secret.err
	}
	if secret.credentials.Username != c.User {
		if c.OnAuthFailure != nil {
			c.OnAuthFailure(secret.credentials)
		}
		return fmt.Errorf("the secret is for the user %q, must be for %q", secret.credentials.Username, c.User)
	}
	login.Password = secret.credentials.Password
	return nil
}

// gatedReader is a reader whose first read waits for wait.
type gatedReader struct {
	io.Reader
	wait func() error
}

func (h *gatedReader) Read(to []byte) (int, error) {
	if h.wait != nil {
		if err := h.wait(); err != nil {
			return 0, err
		}
		h.wait = nil
	}
	return h.Reader.Read(to)
}
