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

// A proxy that was just made takes minutes until its target answers, and one whose secret was just
// filled some until it has read it; meanwhile it refuses or lets its clients wait. An invocation has
// 15 minutes: patience leaves most of them to the migration itself.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.troubleshooting.html
const (
	patience     = 5 * time.Minute
	firstPause   = time.Second
	longestPause = 10 * time.Second
)

// wrongPassword is PostgreSQL's code for a password that is not the user's (invalid_password).
const wrongPassword = "28P01"

// connect logs in as who, again and again while the database is on its way.
func (m Migration) connect(ctx context.Context, who string, as secrets.Credentials) (*pgx.Conn, error) {
	waiting, stop := context.WithTimeout(ctx, patience)
	defer stop()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		conn, err := m.Database.Connect(waiting, as)
		if err == nil {
			return conn, nil
		}
		err = fmt.Errorf("%s: %w", who, err)
		if refused(err) || !sleep(waiting, pause) {
			return nil, err
		}
		m.Log.WarnContext(ctx, "the database is not there yet", "error", err.Error())
	}
}

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
