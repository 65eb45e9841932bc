package store

import (
	"context"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Tries counts how often a call is tried whose every try fails with err.
func (s *Store) Tries(ctx context.Context, reads bool, err error) (tries int) {
	_ = s.call(ctx, "testing", callKind(reads), func(context.Context, *pgxpool.Conn) error {
		tries++
		return err
	})
	return tries
}

// SessionState counts what would pin the session of a connection of the pool.
func (s *Store) SessionState(ctx context.Context) (prepared, locks int, err error) {
	pool, err := s.pool()
	if err != nil {
		return 0, 0, err
	}
	row := pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql OR name <> ''),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())`)
	err = row.Scan(&prepared, &locks)
	return prepared, locks, err
}

// Occupy uses a connection of the pool until it is released.
func (s *Store) Occupy(ctx context.Context) (release func(), err error) {
	pool, err := s.pool()
	if err != nil {
		return nil, err
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	return conn.Release, nil
}

// ExplainPage returns how PostgreSQL reads a page: EXPLAIN (ANALYZE, BUFFERS) as JSON.
func (s *Store) ExplainPage(ctx context.Context, after string, limit, maxBytes int) (plan []byte, err error) {
	pool, err := s.pool()
	if err != nil {
		return nil, err
	}
	err = pool.QueryRow(ctx, `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) `+pageStatement, after, limit, maxBytes).Scan(&plan)
	return plan, err
}
