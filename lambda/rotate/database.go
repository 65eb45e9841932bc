package rotate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// propagationTimeout bounds the time until the proxy accepts the current version of the secret; AWS documents no time. A step that
// starts while RDS changes the master password waits as long.
const propagationTimeout = 2 * time.Minute

// Database is a PostgreSQL user behind RDS Proxy as a Target. The proxy authenticates clients against the current version of a secret,
// and uses that for the database login. So a pending password cannot be tried, and a current one that is not the database's fails every
// new connection. Therefore the password changes in the last step, just before the staging label moves. The master user changes it: the
// user itself could not if a run had been interrupted between the two.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.troubleshooting.html
type Database struct {
	postgres.Database
	Secrets      secrets.API
	MasterSecret string // ARN
	// PollInterval is the time between two tries.
	PollInterval time.Duration
}

var _ SinglePasswordTarget = Database{}

// AddPassword implements Target: the user has one password, which SetPassword changes.
func (d Database) AddPassword(context.Context, secrets.Credentials, secrets.Credentials) error {
	return nil
}

// Verify implements Target: the master user logs in and finds the user. It is the first step that needs the database, which may be
// paused: a login without a response of the server is retried once.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
func (d Database) Verify(ctx context.Context, as secrets.Credentials) error {
	err := d.checkUserExists(ctx, as)
	var reported *pgconn.PgError
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) && !errors.As(err, &reported) {
		return d.checkUserExists(ctx, as)
	}
	return err
}

// checkUserExists looks up the user as the master user.
func (d Database) checkUserExists(ctx context.Context, as secrets.Credentials) error {
	return d.asMaster(ctx, func(conn *pgx.Conn) error {
		var exists bool
		err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, as.Username).Scan(&exists)
		if err == nil && !exists {
			err = fmt.Errorf("the database %s has no user %s", d.Name, as.Username)
		}
		return err
	})
}

// SetPassword implements SinglePasswordTarget.
func (d Database) SetPassword(ctx context.Context, as secrets.Credentials) error {
	return d.retry(ctx, func(ctx context.Context) error { return d.setPassword(ctx, as) })
}

func (d Database) setPassword(ctx context.Context, as secrets.Credentials) error {
	verifier, err := postgres.Verifier(as.Password)
	if err != nil {
		return err
	}
	return d.asMaster(ctx, func(conn *pgx.Conn) error {
		// The verifier has no character that needs escaping in a string literal.
		_, err := conn.Exec(ctx, `ALTER ROLE `+pgx.Identifier{as.Username}.Sanitize()+` PASSWORD '`+verifier+`'`)
		if err != nil {
			return fmt.Errorf("changing the password of the database user %s: %w", as.Username, err)
		}
		return nil
	})
}

// WaitUntilCurrent implements SinglePasswordTarget. A concurrent deployment that read the secret before may have reverted the password,
// so it is set again before the next try.
func (d Database) WaitUntilCurrent(ctx context.Context, as secrets.Credentials) error {
	return d.retry(ctx, func(ctx context.Context) error {
		conn, err := d.Connect(ctx, as)
		if err == nil {
			return conn.Close(ctx)
		}
		return errors.Join(err, d.setPassword(ctx, as))
	})
}

// asMaster calls do with a connection of the master user.
func (d Database) asMaster(ctx context.Context, do func(*pgx.Conn) error) error {
	master, _, err := secrets.Read(ctx, d.Secrets, &secretsmanager.GetSecretValueInput{SecretId: &d.MasterSecret})
	if err != nil {
		return fmt.Errorf("the master user's credentials: %w", err)
	}
	conn, err := d.Connect(ctx, master)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	return do(conn)
}

// retry calls try until it succeeds, for propagationTimeout at most.
func (d Database) retry(ctx context.Context, try func(context.Context) error) error {
	ctx, stop := context.WithTimeout(ctx, propagationTimeout)
	defer stop()
	for {
		err := try(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(d.PollInterval):
		}
	}
}
