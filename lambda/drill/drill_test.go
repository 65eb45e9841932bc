package drill

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// copies are a database and a copy of it, with three rows written an hour ago and one now.
type copies struct{ production, restored testservices.Database }

func newCopies(t *testing.T) (Handler, copies) {
	t.Helper()
	c := copies{testservices.NewDatabase(t), testservices.NewDatabase(t)}
	for _, d := range []testservices.Database{c.production, c.restored} {
		d.Migrate(t)
		exec(t, d, `INSERT INTO items (id, body, revision, created_at, updated_at)
			SELECT 'old-' || n, '{"n":1}', 'r', '2026-12-01 10:00Z', '2026-12-01 10:00Z' FROM generate_series(1, 3) n`)
	}
	exec(t, c.production, `INSERT INTO items (id, body, revision, created_at, updated_at) VALUES ('new', '{}', 'r', now(), now())`)
	h := Handler{Secrets: c.production.Secrets, AppSecret: testservices.AppSecret, Production: c.production.Migration.Database, Log: slog.New(slog.DiscardHandler)}
	return h, c
}

func exec(t *testing.T, d testservices.Database, statement string) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// before is the time up to which the tests compare.
func before() time.Time { return time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC) }

// compared is the comparison of the table items.
func compared(t *testing.T, h Handler, c copies) contract.DrillTable {
	t.Helper()
	tables, err := h.compare(t.Context(), c.restored.Migration.Database, before())
	if err != nil || len(tables) != 1 || tables[0].Name != "items" {
		t.Fatalf("%+v, %v", tables, err)
	}
	return tables[0]
}

func TestRowsThatNoWriteHasTouchedSinceAreTheSame(t *testing.T) {
	for name, test := range map[string]struct {
		production, restored string // statements
		want                 contract.DrillTable
	}{
		"nothing differs, and later rows are not compared": {want: contract.DrillTable{Production: 3, Restored: 3}},
		"a row is missing":         {restored: `DELETE FROM items WHERE id = 'old-2'`, want: contract.DrillTable{Production: 3, Restored: 2, Missing: 1}},
		"the last rows are":        {restored: `DELETE FROM items WHERE id > 'old-1'`, want: contract.DrillTable{Production: 3, Restored: 1, Missing: 2}},
		"all rows are":             {restored: `TRUNCATE items`, want: contract.DrillTable{Production: 3, Missing: 3}},
		"a row has another body":   {restored: `UPDATE items SET body = '{"n": 1}' WHERE id = 'old-1'`, want: contract.DrillTable{Production: 3, Restored: 3, Different: 1}},
		"a row has another time":   {restored: `UPDATE items SET created_at = created_at - interval '1 us' WHERE id = 'old-1'`, want: contract.DrillTable{Production: 3, Restored: 3, Different: 1}},
		"production has changed":   {production: `UPDATE items SET updated_at = now() WHERE id = 'old-3'`, want: contract.DrillTable{Production: 2, Restored: 3, Since: 1}},
		"production has deleted":   {production: `DELETE FROM items WHERE id LIKE 'old-%'`, want: contract.DrillTable{Restored: 3, Since: 3}},
		"the table is not there":   {restored: `DROP TABLE items`, want: contract.DrillTable{Absent: true}},
		"production has no column": {production: `ALTER TABLE items DROP updated_at`, want: contract.DrillTable{Production: 4, Restored: 3}},
	} {
		t.Run(name, func(t *testing.T) {
			h, c := newCopies(t)
			exec(t, c.production, test.production)
			exec(t, c.restored, test.restored)
			got := compared(t, h, c)
			got.Newest = nil
			test.want.Name, test.want.ByRow = "items", !strings.Contains(test.production, "DROP")
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

func TestTheNewestRestoredRowIsReported(t *testing.T) {
	h, c := newCopies(t)
	if got := compared(t, h, c); got.Newest == nil || !got.Newest.Equal(time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)) {
		t.Errorf("got %v", got.Newest)
	}
}

// The application's user may write, so the sessions must not.
func TestBothDatabasesAreOnlyRead(t *testing.T) {
	h, _ := newCopies(t)
	s, err := open(t.Context(), h.Production, appCredentials(t, h))
	if err != nil {
		t.Fatal(err)
	}
	defer s.close(t.Context())
	if _, err := s.Exec(t.Context(), `DELETE FROM items`); err == nil || !strings.Contains(err.Error(), "25006") {
		t.Errorf("a write: %v", err)
	}
}

// The tests' server has all databases, so its address in IPv6's form stands for a restored cluster's.
func TestTheRestoredDatabaseIsMigratedAndCompared(t *testing.T) {
	h, c := newCopies(t)
	c.production.Secrets.Set("arn:restored", masterCredentials(c.production))
	event := contract.Drill{Host: "::ffff:" + h.Production.Host, MasterSecret: "arn:restored", Before: before()}
	got, err := testservices.Exclusively(t, func(ctx context.Context) (contract.DrillResult, error) { return h.Handle(ctx, event) })
	if err != nil || got.Version == 0 || len(got.Tables) != 1 || got.Tables[0].Production != 3 || got.Tables[0].Missing+got.Tables[0].Different != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestAnotherDatabaseThanARestoredOneIsRejected(t *testing.T) {
	h, c := newCopies(t)
	for name, test := range map[string]struct {
		event contract.Drill
		want  string
	}{
		"the stack's own":   {contract.Drill{Host: c.production.Migration.Database.Host, MasterSecret: "arn:restored", Before: before()}, "is the stack's own database"},
		"none":              {contract.Drill{MasterSecret: "arn:restored", Before: before()}, "must have host, masterSecret and before"},
		"without a time":    {contract.Drill{Host: "localhost", MasterSecret: "arn:restored"}, "must have host, masterSecret and before"},
		"of another secret": {contract.Drill{Host: "localhost", MasterSecret: "arn:another", Before: before()}, "migrating the restored database"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := h.Handle(t.Context(), test.event); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
