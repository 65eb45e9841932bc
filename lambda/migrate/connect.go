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

// A proxy that was just made has no capacity (PENDING_PROXY_CAPACITY) until 10 to 15 minutes after its
// target was registered, longer over a cluster of little capacity; one whose secret was just filled
// takes some until it has read it. Meanwhile it rejects its clients or keeps them waiting. So a login is
// tried for as long as the invocation runs, less what the answer takes.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
const (
	responseMargin = 15 * time.Second
	initialBackoff = time.Second
	maxBackoff     = 10 * time.Second
	// logEvery is how often the log says what is waited for.
	logInterval = time.Minute
)

// wrongPassword is PostgreSQL's code for a password that is not the user's (invalid_password).
const invalidPassword = "28P01"

// connect logs in as who, again and again while the database is on its way.
func (m Migration) connect(ctx context.Context, who string, as secrets.Credentials) (conn *pgx.Conn, err error) {
	err = m.retryLogin(ctx, func(ctx context.Context) error {
		if conn, err = m.Database.Connect(ctx, as); err != nil {
			return fmt.Errorf("%s: %w", who, err)
		}
		return nil
	})
	return conn, err
}

// again logs in until it worked, or nothing but the time for the answer is left.
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

// untilAnswer ends in time for the invocation to say what happened; Lambda ends it without a word.
func withResponseMargin(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-responseMargin))
	}
	return context.WithCancel(ctx)
}

// unavailableError says that nobody could log in for as long as there was time.
type unavailableError struct {
	waited time.Duration
	cause  error
}

func (e *unavailableError) Error() string {
	return fmt.Sprintf("the database was not available for %s; `aws rds describe-db-proxy-targets` has the state of the "+
		"proxy's target: update again once it is AVAILABLE: %v", e.waited.Round(time.Second), e.cause)
}

func (e *unavailableError) Unwrap() error { return e.cause }

// refused says that the server is there and does not know the password: waiting would not mend it.
func isInvalidPassword(err error) bool {
	var reported *pgconn.PgError
	return errors.As(err, &reported) && reported.Code == invalidPassword
}

// sleep waits, unless the context would be over by then.
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

// checkLogin logs in as the application does, on the way that it takes: a deploy whose function could
// not is better ended here, before the new version serves.
func (m Migration) checkLogin(ctx context.Context, app secrets.Credentials) error {
	conn, err := m.connect(ctx, "the application's user", app)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
