package migrate

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// Readiness is the result of Await.
type Readiness struct {
	Ready  bool   `json:"ready"`
	Reason string `json:"reason,omitempty"` // why it is not ready
}

// Await waits until the master user can log in. A database that is unavailable during the entire invocation is not an error: a
// deployment invokes Await several times, since a proxy can take longer than the longest invocation, and the migration, which comes
// last, fails if necessary.
func (m Migration) Await(ctx context.Context) (Readiness, error) {
	conn, err := m.connectAsMaster(ctx)
	if unavailable := (*unavailableError)(nil); errors.As(err, &unavailable) {
		m.Log.WarnContext(ctx, "the database is not available yet", "error", err.Error())
		return Readiness{Reason: err.Error()}, nil
	}
	if err != nil {
		return Readiness{}, err
	}
	if err := conn.Close(ctx); err != nil {
		return Readiness{}, fmt.Errorf("logging out: %w", err)
	}
	m.Log.InfoContext(ctx, "the database is available")
	return Readiness{Ready: true}, nil
}

// connectAsMaster connects as the master user once the database is available.
func (m Migration) connectAsMaster(ctx context.Context) (*pgx.Conn, error) {
	master, err := secrets.New(func() secrets.API { return m.Secrets }).Get(ctx, m.MasterSecret)
	if err != nil {
		return nil, fmt.Errorf("the master user's credentials: %w", err)
	}
	return m.connect(ctx, "the master user", master)
}
