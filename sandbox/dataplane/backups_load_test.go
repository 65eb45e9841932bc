package dataplane

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// commit is a row, with the time before its insertion and after its commit was acknowledged.
type commit struct {
	id           int
	begin, acked time.Time
}

// writeRows inserts one row after another until the server is gone. It returns those that were acknowledged and the last
// one, which may have been committed.
func writeRows(conn *pgx.Conn) (acked []commit, last commit) {
	for id := 1; ; id++ {
		last = commit{id: id, begin: time.Now()}
		if _, err := conn.Exec(context.Background(), `INSERT INTO items VALUES ($1)`, id); err != nil {
			return acked, last
		}
		last.acked = time.Now()
		acked = append(acked, last)
	}
}

// writer has a client insert rows. The function that it returns waits for its end, for which the server is removed, and
// returns the commits.
func writer(t *testing.T, authority *Authority, addr netip.AddrPort) func() (acked []commit, unknown map[int]bool) {
	t.Helper()
	conn, err := dial(t, authority, addr, "boss", "first", "app", "verify-full")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	var acked []commit
	unknown := map[int]bool{}
	go func() {
		defer close(done)
		var last commit
		acked, last = writeRows(conn)
		unknown[last.id] = true
	}()
	return func() ([]commit, map[int]bool) { <-done; return acked, unknown }
}

// idsOf returns the rows of a cluster's table items.
func idsOf(t *testing.T, servers *Servers, id string) map[int]bool {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), find(servers, servers.clusters, id).postgres.url(pgSuperuser, "app"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	found, err := conn.Query(t.Context(), `SELECT id FROM items`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(found, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	ids := map[int]bool{}
	for _, row := range list {
		ids[row] = true
	}
	return ids
}

func TestBackupsUnderLoadHaveWhatWasCommitted(t *testing.T) {
	servers, authority := plane(t)
	spec := backedUp(t, servers, "main")
	addr := find(servers, servers.clusters, "main").tlsProxy.addr()
	execute(t, servers, "main", `CREATE TABLE items (id int); GRANT ALL ON items TO boss`)
	stop := writer(t, authority, addr)
	time.Sleep(300 * time.Millisecond)
	until := time.Now()
	time.Sleep(300 * time.Millisecond)
	restore(t, servers, "old", Source{Backups: spec.Backups, Time: until})
	snapshotBegin := time.Now()
	if err := servers.TakeSnapshot(t.Context(), "main", "during"); err != nil {
		t.Fatal(err)
	}
	snapshotEnd := time.Now()
	time.Sleep(200 * time.Millisecond)
	if err := servers.RemoveCluster(t.Context(), "main", Keep{Snapshot: "final", Backups: true}); err != nil {
		t.Fatal(err)
	}
	acked, unknown := stop()
	window, _ := servers.Restorable(spec.Backups)
	restore(t, servers, "during", Source{Snapshot: "during"})
	restore(t, servers, "final", Source{Snapshot: "final"})
	restore(t, servers, "latest", Source{Backups: spec.Backups, Time: window.Latest})
	for _, tt := range []struct {
		cluster      string
		all, nothing time.Time // what was acknowledged before the one is there, what began after the other is not
	}{
		{"old", until, until},
		{"during", snapshotBegin, snapshotEnd},
		{"final", time.Now(), time.Now()},
		{"latest", window.Latest, time.Now()},
	} {
		t.Run(tt.cluster, func(t *testing.T) {
			ids, problems := idsOf(t, servers, tt.cluster), 0
			for _, c := range acked {
				if missing := !ids[c.id] && c.acked.Before(tt.all); missing || ids[c.id] && c.begin.After(tt.nothing) {
					problems++
				}
				delete(ids, c.id)
			}
			for id := range ids {
				if !unknown[id] {
					problems++
				}
			}
			if len(acked) < 10 || problems > 0 {
				t.Errorf("%d of %d rows are wrong", problems, len(acked))
			}
		})
	}
}
