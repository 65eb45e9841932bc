package rotate

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/internal/testparts"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// newUser makes a user of the database that may log in and nothing else, as the application's may
// change no role but its own.
func newUser(t *testing.T, d testparts.Database) secrets.Credentials {
	t.Helper()
	admin, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	user := secrets.Credentials{Username: "user_" + strings.ToLower(rand.Text()[:12]), Password: "old"}
	verifier, err := postgres.Verifier(user.Password)
	if err == nil {
		_, err = admin.Exec(t.Context(), `CREATE ROLE `+user.Username+` LOGIN PASSWORD '`+verifier+`'`)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if _, err := admin.Exec(ctx, `DROP ROLE `+user.Username); err != nil {
			t.Error(err)
		}
		_ = admin.Close(ctx)
	})
	return user
}

func TestAUserOfPostgreSQLChangesItsOwnPassword(t *testing.T) {
	d := testparts.NewDatabase(t)
	user := newUser(t, d)
	part := Database{Database: d.Migration.Database}
	next := secrets.Credentials{Username: user.Username, Password: "new"}
	for _, time := range []string{"first", "second"} {
		if err := part.Change(t.Context(), user, next); err != nil {
			t.Fatalf("the %s time: %v", time, err)
		}
		if err := part.Try(t.Context(), next); err != nil {
			t.Errorf("the new password, after the %s time: %v", time, err)
		}
	}
	if err := part.Try(t.Context(), user); err == nil {
		t.Error("the old password still lets in")
	}
}

func TestAUserOfPostgreSQLWithTheWrongPasswordChangesNothing(t *testing.T) {
	d := testparts.NewDatabase(t)
	user := newUser(t, d)
	part := Database{Database: d.Migration.Database}
	wrong := secrets.Credentials{Username: user.Username, Password: "hunter2"}
	err := part.Change(t.Context(), wrong, secrets.Credentials{Username: user.Username, Password: "new"})
	if err == nil || !strings.Contains(err.Error(), user.Username) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("got %v", err)
	}
	if err := part.Try(t.Context(), user); err != nil {
		t.Errorf("the old password: %v", err)
	}
}
