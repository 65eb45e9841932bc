package store

import "context"

// SessionState counts what would pin the session of a connection of the pool.
func (s *Store) SessionState(ctx context.Context) (prepared, locks int, err error) {
	row := s.pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM pg_prepared_statements WHERE NOT from_sql OR name <> ''),
		(SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())`)
	err = row.Scan(&prepared, &locks)
	return prepared, locks, err
}
