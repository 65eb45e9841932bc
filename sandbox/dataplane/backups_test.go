package dataplane

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// backedUp starts a cluster that has backups.
func backedUp(t *testing.T, servers *Servers, id string) Cluster {
	t.Helper()
	spec := Cluster{ID: id, Database: "app", MasterUser: "boss", MasterPassword: "first", Backups: "resource-" + id, BackupDays: 1}
	if _, err := servers.EnsureCluster(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	return spec
}

// execute runs statements in a cluster as its superuser.
func execute(t *testing.T, servers *Servers, id, statements string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), find(servers, servers.clusters, id).postgres.url(pgSuperuser, "app"))
	if err == nil {
		defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
		_, err = conn.Exec(t.Context(), statements)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rows returns the rows of the table items as the master user sees them, who logs in with the password.
func rows(t *testing.T, servers *Servers, authority *Authority, id, password string) string {
	t.Helper()
	conn, err := dial(t, authority, find(servers, servers.clusters, id).tlsProxy.addr(), "boss", password, "app", "verify-full")
	if err != nil {
		t.Fatalf("log in to %s: %v", id, err)
	}
	var found string
	if err := conn.QueryRow(t.Context(), `SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM items`).Scan(&found); err != nil {
		t.Fatal(err)
	}
	return found
}

func restore(t *testing.T, servers *Servers, id string, from Source) Cluster {
	t.Helper()
	begin := time.Now()
	restored, _, err := servers.RestoreCluster(t.Context(), Cluster{ID: id, Backups: "resource-" + id, BackupDays: 1}, from)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s restored in %s", id, time.Since(begin))
	return restored
}

func TestAClusterIsRestoredToATime(t *testing.T) {
	servers, authority := plane(t)
	spec := backedUp(t, servers, "main")
	execute(t, servers, "main", `CREATE TABLE items (id int); GRANT SELECT ON items TO boss; INSERT INTO items VALUES (1), (2)`)
	before := time.Now()
	spec.MasterPassword = "second"
	if _, err := servers.EnsureCluster(t.Context(), spec); err != nil {
		t.Fatal(err)
	}
	execute(t, servers, "main", `DELETE FROM items; INSERT INTO items VALUES (3)`)
	restored := restore(t, servers, "old", Source{Backups: spec.Backups, Time: before})
	t.Run("it has the rows and the master user's password of that time", func(t *testing.T) {
		if restored.MasterPassword != "first" || restored.Database != "app" {
			t.Errorf("restored %+v", restored)
		}
		if got := rows(t, servers, authority, "old", "first"); got != "1,2" {
			t.Errorf("rows %s, want 1,2", got)
		}
	})
	t.Run("its source has the current ones", func(t *testing.T) {
		if got := rows(t, servers, authority, "main", "second"); got != "3" {
			t.Errorf("rows %s, want 3", got)
		}
	})
	t.Run("each continues by itself", func(t *testing.T) {
		execute(t, servers, "old", `INSERT INTO items VALUES (4)`)
		execute(t, servers, "main", `INSERT INTO items VALUES (5)`)
		if old, main := rows(t, servers, authority, "old", "first"), rows(t, servers, authority, "main", "second"); old != "1,2,4" || main != "3,5" {
			t.Errorf("rows %s and %s, want 1,2,4 and 3,5", old, main)
		}
	})
	t.Run("both are restarted with their data", func(t *testing.T) {
		killServers(t, servers)
		if old, main := rows(t, servers, authority, "old", "first"), rows(t, servers, authority, "main", "second"); old != "1,2,4" || main != "3,5" {
			t.Errorf("rows %s and %s, want 1,2,4 and 3,5", old, main)
		}
	})
	t.Run("a restored cluster can be restored", func(t *testing.T) {
		until := time.Now()
		execute(t, servers, "old", `DELETE FROM items`)
		restore(t, servers, "oldest", Source{Backups: "resource-old", Time: until})
		if got := rows(t, servers, authority, "oldest", "first"); got != "1,2,4" {
			t.Errorf("rows %s, want 1,2,4", got)
		}
	})
	t.Run("a time before the first base backup is an error", func(t *testing.T) {
		_, _, err := servers.RestoreCluster(t.Context(), Cluster{ID: "none"}, Source{Backups: spec.Backups, Time: before.Add(-time.Hour)})
		if err == nil {
			t.Error("it was restored")
		}
	})
}

func TestASnapshotIsRestored(t *testing.T) {
	servers, authority := plane(t)
	spec := backedUp(t, servers, "main")
	execute(t, servers, "main", `CREATE TABLE items (id int); GRANT SELECT ON items TO boss; INSERT INTO items VALUES (1)`)
	if err := servers.TakeSnapshot(t.Context(), "main", "early"); err != nil {
		t.Fatal(err)
	}
	execute(t, servers, "main", `INSERT INTO items VALUES (2)`)
	if err := servers.RemoveCluster(t.Context(), "main", Keep{Snapshot: "final", Backups: true}); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"early": "1", "final": "1,2"} {
		restore(t, servers, name, Source{Snapshot: name})
		if got := rows(t, servers, authority, name, "first"); got != want {
			t.Errorf("snapshot %s has rows %s, want %s", name, got, want)
		}
	}
	t.Run("the backups of the deleted cluster can be restored to their last time", func(t *testing.T) {
		window, ok := servers.Restorable(spec.Backups)
		if !ok {
			t.Fatal("there are none")
		}
		restore(t, servers, "again", Source{Backups: spec.Backups, Time: window.Latest})
		if got := rows(t, servers, authority, "again", "first"); got != "1,2" {
			t.Errorf("rows %s, want 1,2", got)
		}
	})
	t.Run("what was deleted cannot be restored", func(t *testing.T) {
		if err := servers.RemoveSnapshot("early"); err != nil {
			t.Fatal(err)
		}
		if err := servers.RemoveBackups(spec.Backups); err != nil {
			t.Fatal(err)
		}
		for _, from := range []Source{{Snapshot: "early"}, {Backups: spec.Backups, Time: time.Now()}} {
			if _, _, err := servers.RestoreCluster(t.Context(), Cluster{ID: "gone"}, from); err == nil {
				t.Errorf("%+v was restored", from)
			}
		}
	})
}

func TestBackupsAreBoundedAndCanStillBeRestored(t *testing.T) {
	servers, authority := plane(t)
	servers.backupLimits = backupLimits{wal: 2 << 20, interval: 20 * time.Millisecond}
	spec := backedUp(t, servers, "main")
	execute(t, servers, "main", `CREATE TABLE items (id int); CREATE TABLE load (content text); GRANT SELECT ON items TO boss`)
	b := find(servers, servers.backups, spec.Backups)
	oldest := func() base {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.bases[0]
	}
	first := oldest()
	wait(t, func() error { // until the first base backup is one too many
		execute(t, servers, "main", `INSERT INTO load SELECT repeat('x', 1000) FROM generate_series(1, 1000); TRUNCATE load`)
		if now, _ := servers.Restorable(spec.Backups); !now.Earliest.After(first.since) {
			return fmt.Errorf("the earliest restorable time is still %s", now.Earliest)
		}
		return nil
	})
	wait(t, func() error { // until all that is due is done
		dirs, err := filepath.Glob(filepath.Join(b.dir, "base-*"))
		if len(dirs) != keptBases || b.due() {
			return fmt.Errorf("base backups %v, another one is due: %v, %w", dirs, b.due(), err)
		}
		size, failed := b.archivedSince(strings.Repeat("0", 24))
		needed, err := b.archivedSince(oldest().first)
		if size != needed || size == 0 {
			return fmt.Errorf("%d bytes of WAL are archived, %d are needed, %w", size, needed, errors.Join(failed, err))
		}
		return nil
	})
	execute(t, servers, "main", `INSERT INTO items VALUES (1)`)
	until := time.Now()
	execute(t, servers, "main", `DELETE FROM items`)
	restore(t, servers, "old", Source{Backups: spec.Backups, Time: until})
	if got := rows(t, servers, authority, "old", "first"); got != "1" {
		t.Errorf("rows %s, want 1", got)
	}
}
