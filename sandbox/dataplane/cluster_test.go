package dataplane

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// dial connects to a TLS proxy as a client.
func dial(t *testing.T, a *Authority, addr netip.AddrPort, user, password, database, sslmode string) (*pgx.Conn, error) {
	t.Helper()
	config, err := pgx.ParseConfig("postgres://" + addr.String() + "/?sslmode=" + sslmode)
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.Database = user, password, database
	if config.TLSConfig != nil {
		config.TLSConfig = &tls.Config{RootCAs: a.Pool(), ServerName: addr.Addr().String()}
	}
	conn, err := pgx.ConnectConfig(t.Context(), config)
	if err == nil {
		t.Cleanup(func() { _ = conn.Close(t.Context()) })
	}
	return conn, err
}

// checkError fails the test unless err is PostgreSQL's error with the code.
func checkError(t *testing.T, err error, code, text string) {
	t.Helper()
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != code || !strings.Contains(pg.Message, text) {
		t.Errorf("error %v, want PostgreSQL error %s with %q", err, code, text)
	}
}

func TestClusterAndProxy(t *testing.T) {
	servers, authority := plane(t)
	spec := Cluster{ID: "main", Database: "app db", MasterUser: "boss", MasterPassword: `it's "secret"`}
	passwords := map[string]string{spec.MasterUser: spec.MasterPassword, "app": "one"}
	proxy := func(name string) Proxy {
		return Proxy{Name: name, Cluster: spec.ID, Password: func(_ context.Context, user string) (string, error) {
			if password, ok := passwords[user]; ok {
				return password, nil
			}
			return "", ErrNoCredentials
		}}
	}
	early, err := servers.EnsureProxy(t.Context(), proxy("early"))
	if err != nil {
		t.Fatal(err)
	}
	addr, err := servers.EnsureCluster(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	late, err := servers.EnsureProxy(t.Context(), proxy("late"))
	if err != nil {
		t.Fatal(err)
	}
	if addr.Port() != 5432 || addr.Addr() == early.Addr() || early.Addr() == late.Addr() {
		t.Errorf("addresses %s, %s, %s: want port 5432 and one address each", addr, early, late)
	}
	for name, addr := range map[string]netip.AddrPort{"the cluster": addr, "a proxy created before its cluster": early, "a proxy created after it": late} {
		t.Run("the master user logs in over TLS through "+name, func(t *testing.T) {
			conn, err := dial(t, authority, addr, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
			if err != nil {
				t.Fatal(err)
			}
			var super bool
			if err := conn.QueryRow(t.Context(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user").Scan(&super); err != nil || super {
				t.Errorf("superuser %v, error %v: want no superuser", super, err)
			}
		})
	}
	t.Run("a wrong password is rejected", func(t *testing.T) {
		_, err := dial(t, authority, addr, spec.MasterUser, "wrong", "app db", "verify-full")
		checkError(t, err, "28P01", "password authentication failed")
	})
	t.Run("the cluster rejects a client without TLS", func(t *testing.T) {
		_, err := dial(t, authority, addr, spec.MasterUser, spec.MasterPassword, "app db", "disable")
		checkError(t, err, "28000", "TLS")
	})
	t.Run("the proxy rejects a client without TLS", func(t *testing.T) {
		_, err := dial(t, authority, late, spec.MasterUser, spec.MasterPassword, "app db", "disable")
		checkError(t, err, "28000", "requires TLS")
	})
	t.Run("the master user creates a role, which can use its grants", func(t *testing.T) {
		boss, err := dial(t, authority, late, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		for _, sql := range []string{
			`CREATE ROLE app LOGIN PASSWORD 'one'`, `CREATE TABLE t (n int)`, `INSERT INTO t VALUES (7)`, `GRANT SELECT ON t TO app`,
		} {
			if _, err := boss.Exec(t.Context(), sql); err != nil {
				t.Fatalf("%s: %v", sql, err)
			}
		}
		app, err := dial(t, authority, late, "app", "one", "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := app.QueryRow(t.Context(), "SELECT n FROM t").Scan(&n); err != nil || n != 7 {
			t.Errorf("n = %d, error %v", n, err)
		}
		_, err = app.Exec(t.Context(), "DELETE FROM t")
		checkError(t, err, "42501", "permission denied")
	})
	t.Run("a proxy that loses its target ends the sessions with it", func(t *testing.T) {
		moved := proxy("moved")
		addr, err := servers.EnsureProxy(t.Context(), moved)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := dial(t, authority, addr, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := servers.EnsureProxy(t.Context(), moved); err != nil || conn.Ping(t.Context()) != nil {
			t.Fatalf("a session ends although the target is the same, %v", err)
		}
		moved.Cluster = ""
		if _, err := servers.EnsureProxy(t.Context(), moved); err != nil {
			t.Fatal(err)
		}
		if err := conn.Ping(t.Context()); err == nil {
			t.Error("the session reads the former target")
		}
		if err := servers.RemoveProxy(t.Context(), moved.Name); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("a proxy authenticates against its secrets, whatever the password in the database", func(t *testing.T) {
		_, err := dial(t, authority, late, "stranger", "one", "app db", "verify-full")
		checkError(t, err, "28000", "no credentials for the role stranger")
		boss, err := dial(t, authority, addr, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := boss.Exec(t.Context(), `ALTER ROLE app PASSWORD 'two'`); err != nil {
			t.Fatal(err)
		}
		_, err = dial(t, authority, late, "app", "two", "app db", "verify-full")
		checkError(t, err, "28P01", "provided for the role app is wrong")
		_, err = dial(t, authority, late, "app", "one", "app db", "verify-full")
		checkError(t, err, "28P01", "password authentication failed")
		passwords["app"] = "two"
		if _, err := dial(t, authority, late, "app", "two", "app db", "verify-full"); err != nil {
			t.Error(err)
		}
	})
	t.Run("a proxy without capacity rejects valid logins until it has some", func(t *testing.T) {
		pending := true
		spec := proxy("new")
		spec.Pending = func() bool { return pending }
		addr, err := servers.EnsureProxy(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		_, err = dial(t, authority, addr, "app", "two", "app db", "verify-full")
		checkError(t, err, "08000", "Timed-out waiting to acquire database connection")
		_, err = dial(t, authority, addr, "app", "wrong", "app db", "verify-full")
		checkError(t, err, "28P01", "provided for the role app is wrong")
		pending = false
		if _, err := dial(t, authority, addr, "app", "two", "app db", "verify-full"); err != nil {
			t.Error(err)
		}
		if err := servers.RemoveProxy(t.Context(), spec.Name); err != nil {
			t.Error(err)
		}
	})
	t.Run("a statement continues after the proxy's client cancels it and disconnects", func(t *testing.T) {
		app, err := dial(t, authority, late, "app", "two", "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		if pid := app.PgConn().PID(); pid != 0 {
			t.Errorf("the client received the key of session %d", pid)
		}
		boss, err := dial(t, authority, addr, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := boss.Exec(t.Context(), `SELECT pg_advisory_lock(1)`); err != nil {
			t.Fatal(err)
		}
		waiting := func(want int) {
			t.Helper()
			count := -1
			for end := time.Now().Add(20 * time.Second); count != want && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
				row := boss.QueryRow(t.Context(), `SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`)
				if err := row.Scan(&count); err != nil {
					t.Fatal(err)
				}
			}
			if count != want {
				t.Fatalf("%d statements wait, want %d", count, want)
			}
		}
		ctx, leave := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			_, err := app.Exec(ctx, `SELECT pg_advisory_lock(1)`)
			ended <- err
		}()
		waiting(1)
		leave()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if _, err := app.Exec(t.Context(), `SELECT 1`); err == nil {
			t.Error("the client is still connected")
		}
		time.Sleep(200 * time.Millisecond) // a cancel request would have arrived
		waiting(1)
		if _, err := boss.Exec(t.Context(), `SELECT pg_advisory_unlock(1)`); err != nil {
			t.Fatal(err)
		}
		waiting(0)
	})
	t.Run("a proxy rejects command-line options at login", func(t *testing.T) {
		config, err := pgx.ParseConfig("postgres://" + late.String() + "/?sslmode=require&options=-c%20statement_timeout%3D5s")
		if err != nil {
			t.Fatal(err)
		}
		config.User, config.Password, config.Database = "app", "two", "app db"
		_, err = pgx.ConnectConfig(t.Context(), config)
		checkError(t, err, "0A000", "command-line options")
	})
	t.Run("a proxy relays large messages in both directions", func(t *testing.T) {
		app, err := dial(t, authority, late, "app", "two", "app db", "verify-full")
		if err != nil {
			t.Fatal(err)
		}
		sent := strings.Repeat("much ", 1<<20)
		var got string
		if err := app.QueryRow(t.Context(), "SELECT $1::text", sent).Scan(&got); err != nil || got != sent {
			t.Errorf("received %d bytes of %d, error %v", len(got), len(sent), err)
		}
	})
	t.Run("a second EnsureCluster keeps the address and applies the new password", func(t *testing.T) {
		changed := spec
		changed.MasterPassword = "another"
		again, err := servers.EnsureCluster(t.Context(), changed)
		if err != nil || again != addr {
			t.Fatalf("address %s, error %v, want %s", again, err, addr)
		}
		_, err = dial(t, authority, late, spec.MasterUser, spec.MasterPassword, "app db", "verify-full")
		checkError(t, err, "28P01", "password authentication failed")
		passwords[spec.MasterUser] = "another"
		if _, err := dial(t, authority, late, spec.MasterUser, "another", "app db", "verify-full"); err != nil {
			t.Error(err)
		}
	})
	t.Run("after the removal nothing listens", func(t *testing.T) {
		if err := errors.Join(servers.RemoveProxy(t.Context(), "late"), servers.RemoveCluster(t.Context(), spec.ID, Keep{})); err != nil {
			t.Fatal(err)
		}
		for _, addr := range []netip.AddrPort{addr, late} {
			if _, err := dial(t, authority, addr, spec.MasterUser, "another", "app db", "verify-full"); err == nil {
				t.Errorf("%s still responds", addr)
			}
		}
		if left := servers.Status(); len(left) != 1 || left[0].Name != "early" {
			t.Errorf("status %+v, want only the proxy that was not removed", left)
		}
	})
}
