package migrate_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// asApp connects with the credentials that the migration stored.
func asApp(t *testing.T, d testservices.Database) *pgx.Conn {
	t.Helper()
	app, err := secrets.New(func() secrets.API { return d.Secrets }).Get(t.Context(), testservices.AppSecret)
	if err != nil {
		t.Fatal(err)
	}
	config := d.Admin.Copy()
	config.User, config.Password = app.Username, app.Password
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(t.Context()) })
	return conn
}

func TestRunTwice(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Secrets.Set(testservices.AppSecret, secrets.Credentials{Username: "app", Password: "of-all-tests"})
	first, err := testservices.Exclusively(t, d.Migration.Run)
	if err != nil || len(first.Applied) == 0 || first.Version != len(first.Applied) || first.Role != "app" {
		t.Fatalf("first run: %+v, %v", first, err)
	}
	second, err := testservices.Exclusively(t, d.Migration.Run)
	if err != nil || len(second.Applied) != 0 || second.Version != first.Version {
		t.Fatalf("second run: %+v, %v", second, err)
	}
	asApp(t, d)
}

func TestTheApplicationsRoleMayOnlyChangeRows(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	conn := asApp(t, d)
	const denied = "42501"
	for statement, want := range map[string]string{
		`INSERT INTO items VALUES ('a', '1', 'r', now(), now())`: "",
		`UPDATE items SET body = '2'`:                            "",
		`SELECT * FROM items`:                                    "",
		`DELETE FROM items`:                                      "",
		`TRUNCATE items`:                                         denied,
		`DROP TABLE items`:                                       denied,
		`CREATE TABLE other (a int)`:                             denied,
		`SELECT * FROM schema_migrations`:                        denied,
		`CREATE ROLE other`:                                      denied,
	} {
		t.Run(statement, func(t *testing.T) {
			_, err := conn.Exec(t.Context(), statement)
			var reported *pgconn.PgError
			if errors.As(err, &reported) && reported.Code == want || err == nil && want == "" {
				return
			}
			t.Fatalf("got %v, want SQLSTATE %q", err, want)
		})
	}
}

func TestAChangedMigrationIsRejected(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	admin, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	if _, err := admin.Exec(t.Context(), `UPDATE schema_migrations SET checksum = 'other'`); err != nil {
		t.Fatal(err)
	}
	_, err = testservices.Exclusively(t, d.Migration.Run)
	if err == nil || !strings.Contains(err.Error(), "0001_items") || !strings.Contains(err.Error(), "changed") {
		t.Fatalf("got %v", err)
	}
}

func TestConcurrentRunsAreSerialized(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Secrets.Set(testservices.AppSecret, secrets.Credentials{Username: "app", Password: "of-all-tests"})
	applied, err := testservices.Exclusively(t, func(ctx context.Context) (applied int, err error) {
		var mu sync.Mutex
		var runs sync.WaitGroup
		for range 4 {
			runs.Go(func() {
				result, failed := d.Migration.Run(ctx)
				mu.Lock()
				defer mu.Unlock()
				applied, err = applied+len(result.Applied), errors.Join(err, failed)
			})
		}
		runs.Wait()
		return applied, err
	})
	files, globErr := filepath.Glob(filepath.Join("sql", "*.sql"))
	if err := errors.Join(err, globErr); err != nil || applied != len(files) {
		t.Fatalf("%d migrations were applied %d times, %v", len(files), applied, err)
	}
}

func TestAWrongMasterPasswordNamesUserAndHost(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Secrets.Set(testservices.MasterSecret, secrets.Credentials{Username: "nobody", Password: "hunter2"})
	_, err := d.Migration.Run(t.Context())
	if err == nil || !strings.Contains(err.Error(), "master user") || strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("got %v", err)
	}
}

// through puts a proxy between the migration and its database.
func through(t *testing.T, d *testservices.Database) *faultproxy.Proxy {
	t.Helper()
	m := &d.Migration.Database
	proxy := faultproxy.New(t, net.JoinHostPort(m.Host, strconv.Itoa(m.Port)))
	host, port, err := net.SplitHostPort(proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	m.Host = host
	if m.Port, err = strconv.Atoi(port); err != nil {
		t.Fatal(err)
	}
	return proxy
}

// starts is a log whose every line brings the database up.
type starts struct{ database *faultproxy.Proxy }

func (s starts) Write(line []byte) (int, error) {
	s.database.Restore()
	return len(line), nil
}

func TestAMigrationWaitsForTheDatabase(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Secrets.Set(testservices.AppSecret, secrets.Credentials{Username: "app", Password: "of-all-tests"})
	proxy := through(t, &d)
	proxy.ResetAll()
	d.Migration.Log = slog.New(slog.NewTextHandler(starts{proxy}, nil)) // it says that it waits
	if _, err := testservices.Exclusively(t, d.Migration.Run); err != nil {
		t.Fatal(err)
	}
	if proxy.Connections() < 3 {
		t.Errorf("%d connections, want one refused, the master's and the application's", proxy.Connections())
	}
}

// The settings are the role's, so that sessions which RDS Proxy opens have them
// from their login on; a role that an older build made gets them, too.
func TestTheApplicationsSessionsAreBounded(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	conn := asApp(t, d)
	want := map[string]string{"statement_timeout": "5s", "idle_in_transaction_session_timeout": "5s", "transaction_timeout": "6s"}
	rows, err := conn.Query(t.Context(), `SELECT name, current_setting(name), source FROM pg_settings WHERE name = ANY ($1)`,
		[]string{"statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"})
	if err != nil {
		t.Fatal(err)
	}
	var name, value, source string
	_, err = pgx.ForEachRow(rows, []any{&name, &value, &source}, func() error {
		if value != want[name] || source != "user" {
			t.Errorf("%s is %s by the %s, want %s by the user", name, value, source, want[name])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
