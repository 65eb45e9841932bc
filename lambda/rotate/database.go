package rotate

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// Database is PostgreSQL as a Part. A user may change its own password, so the rotation needs no
// other's.
type Database struct{ postgres.Database }

// Try implements Part: it logs in.
func (d Database) Try(ctx context.Context, as secrets.Credentials) error {
	conn, err := d.Connect(ctx, as)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Change implements Part.
func (d Database) Change(ctx context.Context, now, next secrets.Credentials) error {
	if d.Try(ctx, next) == nil {
		return nil // an earlier try got this far
	}
	verifier, err := postgres.Verifier(next.Password)
	if err != nil {
		return err
	}
	conn, err := d.Connect(ctx, now)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	// The verifier has no character that a string literal must escape.
	_, err = conn.Exec(ctx, `ALTER ROLE `+pgx.Identifier{now.Username}.Sanitize()+` PASSWORD '`+verifier+`'`)
	if err != nil {
		return fmt.Errorf("changing the password of the database user %s: %w", now.Username, err)
	}
	return nil
}
