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

// followTime is how long the proxy may take to let in by what is current now; AWS names no time. A step
// that begins with a master password that RDS is changing waits as long.
const propagationTimeout = 2 * time.Minute

// Database is a user of PostgreSQL behind RDS Proxy as a Part. The proxy lets in by the current version
// of a secret, and logs in to the database with it, so that a password that is not current yet cannot be
// tried, and one that is not the database's keeps everybody out who needs a new connection. So the
// password changes in the last step, next to the label. The master user changes it: the user itself
// could not if a run had broken off between the two.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.troubleshooting.html
type Database struct {
	postgres.Database
	Secrets      secrets.API
	MasterSecret string // ARN
	// Pause is between two tries.
	PollInterval time.Duration
}

var _ SinglePasswordTarget = Database{}

// Change implements Part.
func (d Database) AddPassword(context.Context, secrets.Credentials, secrets.Credentials) error {
	return nil
}

// Try implements Part: the master user logs in, and finds the user. It is the first step that needs the
// database, which may have paused: a login that fails for want of a server is tried once more.
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

// find has the master user look for the user.
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

// Switch implements Switched.
func (d Database) SetPassword(ctx context.Context, as secrets.Credentials) error {
	return d.retry(ctx, func(ctx context.Context) error { return d.setPassword(ctx, as) })
}

func (d Database) setPassword(ctx context.Context, as secrets.Credentials) error {
	verifier, err := postgres.Verifier(as.Password)
	if err != nil {
		return err
	}
	return d.asMaster(ctx, func(conn *pgx.Conn) error {
		// The verifier has no character that a string literal must escape.
		_, err := conn.Exec(ctx, `ALTER ROLE `+pgx.Identifier{as.Username}.Sanitize()+` PASSWORD '`+verifier+`'`)
		if err != nil {
			return fmt.Errorf("changing the password of the database user %s: %w", as.Username, err)
		}
		return nil
	})
}

// Follow implements Switched. A deployment that read the secret before may have set the password back
// meanwhile, so it is set again before the next try.
func (d Database) WaitUntilCurrent(ctx context.Context, as secrets.Credentials) error {
	return d.retry(ctx, func(ctx context.Context) error {
		conn, err := d.Connect(ctx, as)
		if err == nil {
			return conn.Close(ctx)
		}
		return errors.Join(err, d.setPassword(ctx, as))
	})
}

// asMaster does something as the master user.
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

// again tries until it worked, or for followTime.
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
