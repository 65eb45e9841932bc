package query_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/query"
)

// token has the form of a token of IAM database authentication. The tests' server takes it for a password.
const token = "reader.example:5432/?Action=connect&DBUser=query&X-Amz-Credential=ASIACALLER%2F20261203%2Feu-west-1%2Frds-db%2Faws4_request&X-Amz-Signature=x"

// fixture is a migrated database with the user of queries, and the log of the function.
type fixture struct {
	query.Handler
	admin *pgx.Conn
	log   *bytes.Buffer
}

func newFixture(t *testing.T) fixture {
	t.Helper()
	user := "stack-query-" + strings.ToLower(rand.Text()[:8])
	t.Cleanup(func() { drop(t, user) }) // after its database
	d := testservices.NewDatabase(t)
	d.Migration.QueryUser = user
	withIAM(t, d)
	d.Migrate(t)
	admin, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.WithoutCancel(t.Context())) })
	exec(t, admin, `ALTER ROLE `+pgx.Identifier{user}.Sanitize()+` PASSWORD '`+token+`'`)
	exec(t, admin, `INSERT INTO items (id, body, revision, created_at, updated_at) SELECT 'item-' || n, '{"n":1}', 'r', now(), now() FROM generate_series(1, 30) n`)
	log := &bytes.Buffer{}
	limits := query.Limits{Statement: time.Second, Lock: 100 * time.Millisecond, Rows: 20, Bytes: 4 << 10}
	return fixture{query.Handler{Database: d.Migration.Database, User: user, Limits: limits, Log: slog.New(slog.NewJSONHandler(log, nil))}, admin, log}
}

// withIAM creates Aurora's role of users that log in with IAM.
func withIAM(t *testing.T, d testservices.Database) {
	t.Helper()
	_, err := testservices.Exclusively(t, func(ctx context.Context) (any, error) {
		conn, err := pgx.ConnectConfig(ctx, d.Admin)
		if err != nil {
			return nil, err
		}
		defer func() { _ = conn.Close(ctx) }()
		_, err = conn.Exec(ctx, `DO $$ BEGIN CREATE ROLE rds_iam; EXCEPTION WHEN duplicate_object THEN NULL; END $$`)
		return nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func drop(t *testing.T, user string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, testservices.Address(t, "TEST_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	exec(t, conn, `DROP ROLE IF EXISTS `+pgx.Identifier{user}.Sanitize())
}

func exec(t *testing.T, conn *pgx.Conn, statement string) {
	t.Helper()
	if _, err := conn.Exec(context.Background(), statement); err != nil {
		t.Fatal(err)
	}
}

// ask runs a statement with a valid token, caller and reason.
func (f fixture) ask(t *testing.T, statement string) contract.QueryResult {
	t.Helper()
	result, err := f.Handle(t.Context(), contract.Query{Statement: statement, Reason: "INC-1 items missing", Caller: "alice", Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAQueryReturnsColumnsAndRowsAsText(t *testing.T) {
	f := newFixture(t)
	result := f.ask(t, "-- newest first\nSELECT id, body, NULL::int AS missing FROM items ORDER BY id LIMIT 1")
	encoded, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	want := `"columns":[{"name":"id","type":"text"},{"name":"body","type":"json"},{"name":"missing","type":"int4"}],"rows":[["item-1","{\"n\":1}",null]]`
	if !strings.Contains(string(encoded), want) || result.Rejected != nil || result.Truncated != "" {
		t.Errorf("got %s", encoded)
	}
}

func TestStatementsThatReadAreAccepted(t *testing.T) {
	f := newFixture(t)
	for _, statement := range []string{
		"TABLE schema_migrations", "VALUES (1), (2)", "WITH x AS (SELECT 1) SELECT * FROM x", "(SELECT 1)", "/* a /* b */ c */ select 1;",
		"EXPLAIN ANALYZE SELECT * FROM items", "SHOW transaction_read_only", "SELECT count(*) FROM pg_stat_activity",
	} {
		if result := f.ask(t, statement); result.Rejected != nil {
			t.Errorf("%s: %+v", statement, result.Rejected)
		}
	}
}

// Each is rejected by the check of the statement, by the read-only transaction or by the user's privileges.
func TestStatementsThatDoMoreThanReadAreRejected(t *testing.T) {
	f := newFixture(t)
	for statement, code := range map[string]string{
		"INSERT INTO items (id) VALUES ('x')":     "statement",
		"UPDATE items SET body = '2'":             "statement",
		"DELETE FROM items":                       "statement",
		"DROP TABLE items":                        "statement",
		"COPY items TO STDOUT":                    "statement",
		"SET default_transaction_read_only = off": "statement",
		"COMMIT":                      "statement",
		"/* SELECT */ COMMIT":         "statement",
		"DO $$ BEGIN END $$":          "statement",
		"":                            "statement",
		"-- SELECT":                   "statement",
		"SELECT 1; DELETE FROM items": "42601",
		"SELECT 1; COMMIT":            "42601",
		"WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone": "25006",
		"EXPLAIN ANALYZE DELETE FROM items":                                "25006",
		"SELECT * INTO copied FROM items":                                  "25006",
		"SELECT * FROM items FOR UPDATE":                                   "25006",
		"SELECT set_config('transaction_read_only', 'off', true)":          "25001",
		"SELECT lo_create(0)":                                              "25006",
		"SELECT rolpassword FROM pg_authid":                                "42501",
		"SELECT pg_read_file('/etc/passwd')":                               "42501",
		// Its own sessions the user may terminate.
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user": "42501",
		"SELECT no_such_column FROM items":                                      "42703",
		"SELECT set_config('statement_timeout', '0', false), pg_sleep(5)":       "57014",
		"SELECT pg_sleep(5)":                                                    "57014",
		"SELECT count(*) FROM generate_series(1, 1000000000) a WHERE a % 7 = 8": "57014",
		"SELECT 1 -- " + strings.Repeat("x", 16<<10):                            "size",
		"SELECT repeat('x', 5000000)":                                           "size",
		"SELECT 'x'::int":                                                       "22P02",
	} {
		result := f.ask(t, statement)
		if result.Rejected == nil || result.Rejected.Code != code || result.Rejected.Message == "" || len(result.Rows) > 0 {
			t.Errorf("%.80s: got %+v, want %s", statement, result, code)
		}
	}
	var items int
	if err := f.admin.QueryRow(t.Context(), `SELECT count(*) FROM items`).Scan(&items); err != nil || items != 30 {
		t.Errorf("%d items are left, %v", items, err)
	}
}

// The transaction is read-only whatever the user may do, and the user may not write whatever the transaction is.
func TestEachOfTransactionAndUserPreventsWrites(t *testing.T) {
	f := newFixture(t)
	const write = "WITH gone AS (DELETE FROM items RETURNING id) SELECT * FROM gone"
	t.Run("the transaction", func(t *testing.T) {
		name := pgx.Identifier{f.User}.Sanitize()
		exec(t, f.admin, `GRANT DELETE ON items TO `+name)
		exec(t, f.admin, `ALTER ROLE `+name+` SET default_transaction_read_only = off`)
		if result := f.ask(t, write); result.Rejected == nil || result.Rejected.Code != "25006" {
			t.Errorf("got %+v", result)
		}
		exec(t, f.admin, `REVOKE DELETE ON items FROM `+name)
		exec(t, f.admin, `ALTER ROLE `+name+` SET default_transaction_read_only = on`)
	})
	t.Run("the user", func(t *testing.T) {
		config, err := f.Database.Config(credentials(f.User))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := f.Database.Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.Close(t.Context()) }()
		var readOnly, timeout string
		if err := conn.QueryRow(t.Context(), `SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')`).Scan(&readOnly, &timeout); err != nil || readOnly != "on" || timeout != "15s" {
			t.Errorf("the user's session has read-only %s and %s, %v", readOnly, timeout, err)
		}
		exec(t, conn, `SET default_transaction_read_only = off`)
		if _, err := conn.Exec(t.Context(), write); err == nil || !strings.Contains(err.Error(), "42501") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAQueryThatWaitsForALockGivesUp(t *testing.T) {
	f := newFixture(t)
	tx, err := f.admin.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(t.Context()) }()
	if _, err := tx.Exec(t.Context(), `LOCK TABLE items`); err != nil {
		t.Fatal(err)
	}
	if result := f.ask(t, "SELECT * FROM items"); result.Rejected == nil || result.Rejected.Code != "55P03" {
		t.Errorf("got %+v", result)
	}
}

func TestAResultIsTruncatedAtEachLimitAndSaysSo(t *testing.T) {
	f := newFixture(t)
	for statement, want := range map[string]struct {
		rows      int
		truncated string
	}{
		"SELECT id FROM items LIMIT 20":                            {20, ""},
		"SELECT id FROM items":                                     {20, "20 rows"},
		"SELECT generate_series(1, 100000000)":                     {20, "20 rows"},
		"SELECT repeat('x', 1000) FROM generate_series(1, 5)":      {4, "4096 bytes"},
		"SELECT repeat('x', 100000) FROM generate_series(1, 3000)": {0, "4096 bytes"},
	} {
		result := f.ask(t, statement)
		if len(result.Rows) != want.rows || result.Truncated != want.truncated || result.Rejected != nil {
			t.Errorf("%s: %d rows, truncated %q, %+v; want %+v", statement, len(result.Rows), result.Truncated, result.Rejected, want)
		}
	}
	var running int
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if err := f.admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_stat_activity WHERE usename = $1`, f.User).Scan(&running); err != nil {
			t.Fatal(err)
		}
		if running == 0 {
			return
		}
	}
	t.Errorf("%d sessions are left", running)
}

func TestTheLogHasStatementCallerAndReasonAndNoResult(t *testing.T) {
	f := newFixture(t)
	f.ask(t, "SELECT id, 'from' || 'the result' FROM items WHERE id = 'item-7'")
	f.ask(t, "SELECT ('secret' || 'value')::int")
	f.ask(t, "DELETE FROM items")
	var messages []string
	for line := range strings.Lines(f.log.String()) {
		var logged struct {
			Msg, Statement, Reason, Caller string
			AccessKey                      string `json:"access_key"`
		}
		if err := json.Unmarshal([]byte(line), &logged); err != nil {
			t.Fatal(err)
		}
		messages = append(messages, logged.Msg)
		if logged.Statement == "" || logged.Reason != "INC-1 items missing" || logged.Caller != "alice" || logged.AccessKey != "ASIACALLER" {
			t.Errorf("the line has no statement, reason, caller or access key: %s", line)
		}
	}
	if got := strings.Join(messages, ", "); got != "query, query done, query, query rejected, query, query rejected" {
		t.Errorf("got the lines %s", got)
	}
	for _, leaked := range []string{"fromthe result", "secretvalue", "X-Amz-Signature"} {
		if strings.Contains(f.log.String(), leaked) {
			t.Errorf("the log has %q", leaked)
		}
	}
}

func TestAQueryWithoutReasonCallerOrTokenIsRejected(t *testing.T) {
	f := newFixture(t)
	for name, event := range map[string]contract.Query{
		"reason": {Statement: "SELECT 1", Caller: "alice", Token: token},
		"caller": {Statement: "SELECT 1", Reason: "INC-1", Token: token},
		"token":  {Statement: "SELECT 1", Reason: "INC-1", Caller: "alice"},
	} {
		result, err := f.Handle(t.Context(), event)
		if err != nil || result.Rejected == nil || result.Rejected.Code != "caller" {
			t.Errorf("without %s: %+v, %v", name, result, err)
		}
	}
}

func TestATokenThatTheDatabaseDoesNotAcceptIsRejected(t *testing.T) {
	f := newFixture(t)
	result, err := f.Handle(t.Context(), contract.Query{Statement: "SELECT 1", Reason: "INC-1", Caller: "alice", Token: token + "forged"})
	if err != nil || result.Rejected == nil || !strings.Contains(result.Rejected.Message, "IAM token") || strings.Contains(result.Rejected.Message, "forged") {
		t.Errorf("got %+v, %v", result.Rejected, err)
	}
}

func TestADatabaseThatIsDownIsAnErrorOfTheFunction(t *testing.T) {
	f := newFixture(t)
	f.Database.Port = 1
	if _, err := f.Handle(t.Context(), contract.Query{Statement: "SELECT 1", Reason: "INC-1", Caller: "alice", Token: token}); err == nil || strings.Contains(err.Error(), "X-Amz") {
		t.Errorf("got %v", err)
	}
}
