package drill

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// session reads a database, in one transaction that cannot write.
type session struct{ *pgx.Conn }

// settings make the text of a row the same in both databases, and lift the limits of the application's user: a scan of a
// large table takes longer than a request. RDS Proxy pins the session, of which there is one.
var settings = []string{
	`SET statement_timeout = 0`, `SET transaction_timeout = 0`, `SET idle_in_transaction_session_timeout = 0`,
	`SET TimeZone = 'UTC'`, `SET DateStyle = 'ISO'`, `SET IntervalStyle = 'postgres'`, `SET extra_float_digits = 1`, `SET bytea_output = 'hex'`,
	`BEGIN READ ONLY`,
}

func open(ctx context.Context, database postgres.Database, as secrets.Credentials) (session, error) {
	conn, err := database.Connect(ctx, as)
	if err != nil {
		return session{}, err
	}
	for _, statement := range settings {
		if _, err := conn.Exec(ctx, statement); err != nil {
			_ = conn.Close(context.WithoutCancel(ctx))
			return session{}, fmt.Errorf("%s on %s: %w", statement, database.Host, err)
		}
	}
	return session{conn}, nil
}

// close ends the session and with it the transaction.
func (s session) close(ctx context.Context) { _ = s.Close(context.WithoutCancel(ctx)) }

// table is a table that the application's user can read.
type table struct {
	name string
	key  string // its primary key's columns, quoted; empty: it has none
	// dated is whether every write of a row sets its column updated_at.
	dated bool
}

// readable are the tables of the schema public that the user can read. The list of migrations is none of them.
const readable = `
SELECT c.relname,
       coalesce((SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY k.place)
                 FROM pg_index i, unnest(i.indkey) WITH ORDINALITY AS k (number, place), pg_attribute a
                 WHERE i.indrelid = c.oid AND i.indisprimary AND a.attrelid = c.oid AND a.attnum = k.number), ''),
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'updated_at'
               AND a.atttypid = 'timestamptz'::regtype AND NOT a.attisdropped)
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  AND has_table_privilege(c.oid, 'SELECT')
ORDER BY c.relname`

func (s session) tables(ctx context.Context) ([]table, error) {
	rows, err := s.Query(ctx, readable)
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.name, &t.key, &t.dated)
	})
	if err != nil {
		return nil, fmt.Errorf("listing the tables: %w", err)
	}
	return all, nil
}

// has is whether the database has the table.
func (s session) has(ctx context.Context, t table) (found bool, err error) {
	err = s.QueryRow(ctx, `SELECT to_regclass($1) IS NOT NULL`, t.quoted()).Scan(&found)
	return found, err
}

func (t table) quoted() string { return pgx.Identifier{"public", t.name}.Sanitize() }
