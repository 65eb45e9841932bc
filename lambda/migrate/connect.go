package migrate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// A new proxy has no capacity (PENDING_PROXY_CAPACITY) until 10 to 15 minutes after its target was registered, longer over a cluster
// with little capacity; one whose secret just got its value takes some time until it has read it. Until then it rejects its clients
// or keeps them waiting. So the login is retried for as long as the invocation runs, except for the time to respond.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
const (
	responseMargin = 15 * time.Second
	initialBackoff = time.Second
	maxBackoff     = 10 * time.Second
	// logInterval is the time between log lines about the wait.
	logInterval = time.Minute
)

// invalidPassword is PostgreSQL's SQLSTATE for a wrong password (invalid_password).
const invalidPassword = "28P01"

// connect connects as a user and retries while the database is not available.
func (m Migration) connect(ctx context.Context, who string, as secrets.Credentials) (conn *pgx.Conn, err error) {
	err = m.retryLogin(ctx, func(ctx context.Context) error {
		if conn, err = m.Database.Connect(ctx, as); err != nil {
			return fmt.Errorf("%s: %w", who, err)
		}
		return nil
	})
	return conn, err
}

// retryLogin retries login until it succeeds or the time is up.
func (m Migration) retryLogin(ctx context.Context, login func(context.Context) error) error {
	waiting, stop := withResponseMargin(ctx)
	defer stop()
	began := time.Now()
	var logged time.Time
	for backoff := initialBackoff; ; backoff = min(2*backoff, maxBackoff) {
		err := login(waiting)
		if err == nil || isInvalidPassword(err) {
			return err
		}
		if time.Since(logged) >= logInterval {
			logged = time.Now()
			m.Log.WarnContext(ctx, "waiting for the database; a new RDS Proxy takes 10 to 15 minutes until it has capacity",
				"waited", time.Since(began).Round(time.Second).String(), "error", err.Error())
		}
		if !sleep(waiting, backoff) {
			return &unavailableError{waited: time.Since(began), cause: err}
		}
	}
}

// withResponseMargin returns a context that ends early enough for the invocation to report the error; Lambda would end it silently.
func withResponseMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-responseMargin))
	}
	return context.WithCancel(ctx)
}

// unavailableError is the error of a login that failed for as long as there was time.
type unavailableError struct {
	waited time.Duration
	cause  error
}

func (e *unavailableError) Error() string {
	return fmt.Sprintf("the database was not available for %s; `aws rds describe-db-proxy-targets` has the state of the "+
		"proxy's target: update again once it is AVAILABLE: %v", e.waited.Round(time.Second), e.cause)
}

func (e *unavailableError) Unwrap() error { return e.cause }

// isInvalidPassword reports whether the server rejected the password: a retry would not help.
func isInvalidPassword(err error) bool {
	var reported *pgconn.PgError
	return errors.As(err, &reported) && reported.Code == invalidPassword
}

// sleep waits and reports whether it did; it does not wait beyond the deadline.
func sleep(ctx context.Context, backoff time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < backoff {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(backoff):
		return true
	}
}

// checkLogin logs in as the application does, on the same network path: a deployment whose function could not log in should fail here,
// before the new version receives traffic.
func (m Migration) checkLogin(ctx context.Context, app secrets.Credentials) error {
	conn, err := m.connect(ctx, "the application's user", app)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
