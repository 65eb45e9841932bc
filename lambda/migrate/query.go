package migrate

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/query"
)

// queryConnections bounds how many of operators' queries run at once.
const queryConnections = 3

// setUpQueryUser creates the user of operators' queries, or sets its privileges: it reads the tables of the schema
// public and has no password. Members of rds_iam log in with an IAM token alone. The settings are those that the
// function query sends too: here they hold for any other client.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.DBAccounts.html
func setUpQueryUser(ctx context.Context, conn *pgx.Conn, database, user string) error {
	name := pgx.Identifier{user}.Sanitize()
	err := withLock(ctx, conn, func(tx pgx.Tx) error {
		verb, err := createOrAlter(ctx, tx, user)
		if err != nil {
			return err
		}
		for _, statement := range []string{
			fmt.Sprintf(`%s ROLE %s LOGIN CONNECTION LIMIT %d`, verb, name, queryConnections),
			`GRANT rds_iam TO ` + name,
			`GRANT CONNECT ON DATABASE ` + pgx.Identifier{database}.Sanitize() + ` TO ` + name,
			`GRANT USAGE ON SCHEMA public TO ` + name,
			`GRANT SELECT ON ALL TABLES IN SCHEMA public TO ` + name,
			`ALTER ROLE ` + name + ` SET default_transaction_read_only = on`,
			fmt.Sprintf(`ALTER ROLE %s SET statement_timeout = %d`, name, query.Default.Statement.Milliseconds()),
			fmt.Sprintf(`ALTER ROLE %s SET lock_timeout = %d`, name, query.Default.Lock.Milliseconds()),
			fmt.Sprintf(`ALTER ROLE %s SET idle_in_transaction_session_timeout = %d`, name, query.Default.Statement.Milliseconds()),
		} {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("setting up the database user %s: %w", user, err)
	}
	return nil
}

// createOrAlter is the verb of the statement that sets up a role.
func createOrAlter(ctx context.Context, tx pgx.Tx, role string) (string, error) {
	var exists bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)`, role).Scan(&exists); err != nil {
		return "", err
	}
	if exists {
		return "ALTER", nil
	}
	return "CREATE", nil
}
