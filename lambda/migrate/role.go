package migrate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

// appRole is the application's user in the database.
const appRole = postgres.AppUser

// SecretsAPI is the part of the Secrets Manager client that a migration uses.
type SecretsAPI interface {
	secrets.API
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
}

// appCredentials reads the application's credentials, and generates them if the secret has no value. The value is stored before the
// password is set in the database, so that the next run repairs an interrupted one.
func (m Migration) appCredentials(ctx context.Context) (secrets.Credentials, error) {
	app, err := secrets.New(func() secrets.API { return m.Secrets }).Get(ctx, m.AppSecret)
	if errors.Is(err, secrets.ErrNoValue) {
		return m.newCredentials(ctx)
	}
	if err != nil {
		return app, fmt.Errorf("the application's credentials: %w", err)
	}
	if app.Username != appRole {
		return app, fmt.Errorf("secret %s is for the user %q, must be for %q", m.AppSecret, app.Username, appRole)
	}
	return app, nil
}

func (m Migration) newCredentials(ctx context.Context) (secrets.Credentials, error) {
	app := secrets.Credentials{Username: appRole, Password: rand.Text()}
	value, err := json.Marshal(app)
	if err != nil {
		return app, fmt.Errorf("encoding the application's credentials: %w", err)
	}
	_, err = m.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId:     aws.String(m.AppSecret),
		SecretString: aws.String(string(value)),
	})
	if err != nil {
		return app, fmt.Errorf("storing the application's credentials in secret %s: %w", m.AppSecret, err)
	}
	return app, nil
}

// setUntilCurrent sets the secret's password. If a rotation ends in between, this would revert the password that it set, so it repeats
// until the secret has not changed.
func setUntilCurrent(read func() (secrets.Credentials, error), set func(secrets.Credentials) error) (secrets.Credentials, error) {
	app, err := read()
	for err == nil {
		if err := set(app); err != nil {
			return app, err
		}
		before := app
		if app, err = read(); app == before {
			break
		}
	}
	return app, err
}

// setUpRole creates the application's user, or sets its password, with privileges to change rows and nothing else.
func setUpRole(ctx context.Context, conn *pgx.Conn, database string, app secrets.Credentials) error {
	verifier, err := postgres.Verifier(app.Password)
	if err != nil {
		return err
	}
	name := pgx.Identifier{app.Username}.Sanitize()
	err = withLock(ctx, conn, func(tx pgx.Tx) error {
		verb, err := createOrAlter(ctx, tx, app.Username)
		if err != nil {
			return err
		}
		statements := []string{
			// Attributes that are not named stay off; naming them would require a superuser, which Aurora's master user is
			// not. The verifier has no character that needs escaping in a string literal.
			verb + ` ROLE ` + name + ` LOGIN PASSWORD '` + verifier + `'`,
			`GRANT CONNECT ON DATABASE ` + pgx.Identifier{database}.Sanitize() + ` TO ` + name,
			`GRANT USAGE ON SCHEMA public TO ` + name,
			// Every table that a migration has created, but the list of migrations.
			`GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ` + name,
			`REVOKE ALL ON schema_migrations FROM ` + name,
		}
		timeoutStatements, err := sessionTimeouts(ctx, tx, name)
		if err != nil {
			return err
		}
		for _, statement := range append(statements, timeoutStatements...) {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("setting up the database user %s: %w", app.Username, err)
	}
	return nil
}

// sessionTimeouts returns the statements that set the timeouts of the role's sessions. A session's own SET would pin it in RDS Proxy,
// which also accepts no options at login; the role's defaults apply to the sessions that the proxy opens, and to those without it.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy-pinning.html
// https://www.postgresql.org/docs/current/sql-alterrole.html
func sessionTimeouts(ctx context.Context, tx pgx.Tx, appRole string) (statements []string, err error) {
	for _, setting := range []struct {
		name string
		time time.Duration
	}{
		{"statement_timeout", timeouts.Statement},
		{"idle_in_transaction_session_timeout", timeouts.Statement},
		{"transaction_timeout", timeouts.Transaction}, // PostgreSQL 17 and later
	} {
		var exists bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_settings WHERE name = $1)`, setting.name).Scan(&exists); err != nil {
			return nil, err
		}
		if exists {
			statements = append(statements, fmt.Sprintf(`ALTER ROLE %s SET %s = %d`, appRole, setting.name, setting.time.Milliseconds()))
		}
	}
	return statements, nil
}
