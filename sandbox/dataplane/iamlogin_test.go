package dataplane

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestAMemberOfRDSIAMLogsInWithATokenAlone(t *testing.T) {
	servers, authority := plane(t)
	spec := Cluster{ID: "iam", Database: "app", MasterUser: "boss", MasterPassword: "secret", Token: func(_ context.Context, user, token string) error {
		if user != "reader" || token != "a token" {
			return errors.New("invalid")
		}
		return nil
	}}
	addr, err := servers.EnsureCluster(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	login := func(user, password string) (*pgx.Conn, error) {
		return dial(t, authority, addr, user, password, "app", "verify-full")
	}
	boss, err := login("boss", "secret")
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`CREATE ROLE reader LOGIN PASSWORD 'own'`, `GRANT rds_iam TO reader`, `CREATE ROLE other LOGIN PASSWORD 'own'`, `CREATE ROLE second LOGIN IN ROLE rds_iam`,
	} {
		if _, err := boss.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	t.Run("twice", func(t *testing.T) {
		for range 2 {
			conn, err := login("reader", "a token")
			if err != nil {
				t.Fatal(err)
			}
			var user string
			if err := conn.QueryRow(t.Context(), `SELECT session_user`).Scan(&user); err != nil || user != "reader" {
				t.Errorf("the session is of %s, %v", user, err)
			}
		}
	})
	t.Run("and can cancel its statements", func(t *testing.T) {
		conn, err := login("reader", "a token")
		if err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(200*time.Millisecond, func() { _ = conn.PgConn().CancelRequest(context.Background()) })
		_, err = conn.Exec(t.Context(), `SELECT pg_sleep(60)`)
		checkError(t, err, "57014", "user request")
	})
	t.Run("not with a password, nor with a token of another user", func(t *testing.T) {
		for user, password := range map[string]string{"reader": "own", "second": "a token"} {
			_, err := login(user, password)
			checkError(t, err, "28000", "PAM authentication failed")
		}
	})
	t.Run("others keep their passwords", func(t *testing.T) {
		if _, err := login("other", "own"); err != nil {
			t.Error(err)
		}
		_, err := login("other", "a token")
		checkError(t, err, "28P01", "")
	})
}
