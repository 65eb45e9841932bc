package dataplane

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// applyMaster creates Aurora's roles and the master user, with its privileges on Aurora: it can create roles and
// databases and is a member of rds_superuser, but is not a superuser.
func (pg *postgres) applyMaster(ctx context.Context, spec Cluster) error {
	conn, err := pgx.Connect(ctx, pg.url(pgSuperuser, "postgres"))
	if err != nil {
		return fmt.Errorf("connect as the owner of cluster %s: %w", spec.ID, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	master := pgx.Identifier{spec.MasterUser}.Sanitize()
	steps := []struct{ unless, sql string }{
		{roleExists("rds_superuser"), `CREATE ROLE rds_superuser NOLOGIN`},
		{roleExists("rds_iam"), `CREATE ROLE rds_iam NOLOGIN`},
		{"", `GRANT pg_monitor, pg_signal_backend, pg_checkpoint, rds_iam TO rds_superuser WITH ADMIN OPTION`},
		{roleExists(spec.MasterUser), `CREATE ROLE ` + master + ` LOGIN CREATEDB CREATEROLE`},
		{"", `GRANT rds_superuser TO ` + master + ` WITH ADMIN OPTION`},
		{"", `ALTER ROLE ` + master + ` PASSWORD ` + quoteLiteral(spec.MasterPassword)},
		{"", `ALTER DATABASE postgres OWNER TO ` + master},
	}
	if spec.Database != "" {
		steps = append(steps, struct{ unless, sql string }{
			`SELECT 1 FROM pg_database WHERE datname = ` + quoteLiteral(spec.Database),
			`CREATE DATABASE ` + pgx.Identifier{spec.Database}.Sanitize() + ` OWNER ` + master,
		})
	}
	for i, step := range steps {
		if err := runUnless(ctx, conn, step.unless, step.sql); err != nil {
			// The statement may contain the password, so the error does not.
			return fmt.Errorf("prepare cluster %s, step %d: %w", spec.ID, i+1, err)
		}
	}
	return nil
}

func roleExists(name string) string {
	return `SELECT 1 FROM pg_roles WHERE rolname = ` + quoteLiteral(name)
}

// runUnless runs the statement, unless there is a query and it returns a row.
func runUnless(ctx context.Context, conn *pgx.Conn, query, statement string) error {
	if query != "" {
		tag, err := conn.Exec(ctx, query)
		if err != nil {
			return err
		}
		if tag.RowsAffected() > 0 {
			return nil
		}
	}
	_, err := conn.Exec(ctx, statement)
	return err
}

// quoteLiteral quotes a string for statements without parameters. It requires standard_conforming_strings, which the
// sandbox's servers have on.
func quoteLiteral(s string) string {
	quoted := []byte{'\''}
	for i := range len(s) {
		if s[i] == '\'' {
			quoted = append(quoted, '\'')
		}
		quoted = append(quoted, s[i])
	}
	return string(append(quoted, '\''))
}
