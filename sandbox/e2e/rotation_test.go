package e2e

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5/pgconn"
)

// checkRotation has Secrets Manager rotate the application's secret while requests go on that need the
// database: none of them notices, the old password is of no use any more, and Pulumi finds nothing to
// do.
func checkRotation(t *testing.T, out outputs) {
	t.Helper()
	arn := functionEnvironment(t, out)["DB_SECRET_ARN"]
	username, old := login(t, out, arn)
	_, err := secretsmanager.NewFromConfig(awsConfig(out)).RotateSecret(context.Background(), &secretsmanager.RotateSecretInput{SecretId: &arn})
	if err != nil {
		t.Fatal(err)
	}
	write := func() {
		if got := request(t, out, http.MethodPut, "/items/e2e-rotation", `{"n":"during"}`); got.status != http.StatusOK && got.status != http.StatusCreated {
			t.Fatalf("while the password changes: %d %s", got.status, got.body)
		}
	}
	for deadline := time.Now().Add(time.Minute); ; {
		write()
		if _, password := login(t, out, arn); password != old {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the password has not changed within a minute; .sandbox/run has the rotating function's log")
		}
	}
	write()
	checkRow(t, out, "e2e-rotation", "during")
	var refused *pgconn.PgError
	conn, err := connectDatabase(t, out, username, old)
	if err == nil {
		_ = conn.Close(context.Background())
	}
	if !errors.As(err, &refused) || refused.Code != "28P01" {
		t.Errorf("with the old password: %v, want a refusal", err)
	}
	mustRun(t, limitPreview, "preview", "--stack", out.Stack, "--expect-no-changes")
}
