package rotate

import (
	"context"
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// newUser creates a user of the database that may only log in.
func newUser(t *testing.T, d testservices.Database) secrets.Credentials {
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

// behind is the database as a Part.
func behind(d testservices.Database, vault secrets.API) Database {
	return Database{Database: d.Migration.Database, Secrets: vault, MasterSecret: testservices.MasterSecret, PollInterval: time.Millisecond}
}

func login(t *testing.T, d testservices.Database, as secrets.Credentials) error {
	t.Helper()
	conn, err := d.Migration.Database.Connect(t.Context(), as)
	if err == nil {
		_ = conn.Close(t.Context())
	}
	return err
}

func TestAPostgreSQLUsersPasswordIsRotated(t *testing.T) {
	d := testservices.NewDatabase(t)
	user := newUser(t, d)
	part, next := behind(d, d.Secrets), secrets.Credentials{Username: user.Username, Password: "new"}
	for _, time := range []string{"first", "second"} {
		if err := part.SetPassword(t.Context(), next); err != nil {
			t.Fatalf("the %s time: %v", time, err)
		}
		if err := login(t, d, next); err != nil {
			t.Errorf("the new password, after the %s time: %v", time, err)
		}
	}
	if err := login(t, d, user); err == nil {
		t.Error("the old password is still valid")
	}
}

func TestAPasswordThatADeploymentRevertedIsSetAgain(t *testing.T) {
	d := testservices.NewDatabase(t)
	user := newUser(t, d) // has the old one
	next := secrets.Credentials{Username: user.Username, Password: "new"}
	if err := behind(d, d.Secrets).WaitUntilCurrent(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if err := login(t, d, next); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

// changing is a secret whose value was changed in the database before it is changed here.
type changing struct {
	*testservices.Secrets
	reads int
}

func (c *changing) GetSecretValue(ctx context.Context, in *secretsmanager.GetSecretValueInput, opts ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if c.reads++; c.reads == 1 {
		return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(`{"username":"postgres","password":"not yet"}`)}, nil
	}
	return c.Secrets.GetSecretValue(ctx, in, opts...)
}

func TestARotationWaitsForTheMasterPassword(t *testing.T) {
	d := testservices.NewDatabase(t)
	user, vault := newUser(t, d), &changing{Secrets: d.Secrets}
	next := secrets.Credentials{Username: user.Username, Password: "new"}
	if err := behind(d, vault).SetPassword(t.Context(), next); err != nil || vault.reads != 2 {
		t.Fatalf("after %d reads: %v", vault.reads, err)
	}
	if err := login(t, d, next); err != nil {
		t.Errorf("the new password: %v", err)
	}
}

func TestObstaclesAreFoundBeforeThePasswordChanges(t *testing.T) {
	d := testservices.NewDatabase(t)
	user := newUser(t, d)
	if err := behind(d, d.Secrets).Verify(t.Context(), user); err != nil {
		t.Errorf("a user that there is: %v", err)
	}
	err := behind(d, d.Secrets).Verify(t.Context(), secrets.Credentials{Username: "nobody_of_that_name"})
	if err == nil || !strings.Contains(err.Error(), "nobody_of_that_name") {
		t.Errorf("a user that there is not: %v", err)
	}
	d.Secrets.Set(testservices.MasterSecret, secrets.Credentials{Username: "master", Password: "hunter2"})
	err = behind(d, d.Secrets).Verify(t.Context(), user)
	if err == nil || !strings.Contains(err.Error(), "as master") || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("a master user that cannot log in: %v", err)
	}
}
