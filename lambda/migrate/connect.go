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
	answerTime   = 15 * time.Second
	firstPause   = time.Second
	longestPause = 10 * time.Second
	// logEvery is how often the log says what is waited for.
	logEvery = time.Minute
)

// wrongPassword is PostgreSQL's code for a password that is not the user's (invalid_password).
const wrongPassword = "28P01"

// connect logs in as who, again and again while the database is on its way.
func (m Migration) connect(ctx context.Context, who string, as secrets.Credentials) (conn *pgx.Conn, err error) {
	err = m.again(ctx, func(ctx context.Context) error {
		if conn, err = m.Database.Connect(ctx, as); err != nil {
			return fmt.Errorf("%s: %w", who, err)
		}
		return nil
	})
	return conn, err
}

// again logs in until it worked, or nothing but the time for the answer is left.
func (m Migration) again(ctx context.Context, login func(context.Context) error) error {
	waiting, stop := untilAnswer(ctx)
	defer stop()
	began := time.Now()
	var logged time.Time
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		err := login(waiting)
		if err == nil || refused(err) {
			return err
		}
		if time.Since(logged) >= logEvery {
			logged = time.Now()
			m.Log.WarnContext(ctx, "waiting for the database; a new RDS Proxy takes 10 to 15 minutes until it has capacity",
				"waited", time.Since(began).Round(time.Second).String(), "error", err.Error())
		}
		if !sleep(waiting, pause) {
			return &unavailableError{waited: time.Since(began), cause: err}
		}
	}
}

// untilAnswer ends in time for the invocation to say what happened; Lambda ends it without a word.
func untilAnswer(ctx context.Context) (context.Context, context.CancelFunc) {
	if deadline, ok := ctx.Deadline(); ok {
		return context.WithDeadline(ctx, deadline.Add(-answerTime))
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
func refused(err error) bool {
	var reported *pgconn.PgError
	return errors.As(err, &reported) && reported.Code == wrongPassword
}

// sleep waits, unless the context would be over by then.
func sleep(ctx context.Context, pause time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < pause {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
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
