package e2e

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestRotation is the part of TestEndToEnd that rotates passwords, on one stack, for work on the rotation.
func TestRotation(t *testing.T) {
	ownSandbox(t)
	dev := up(t, "dev")
	checkServing(t, dev)
	checkRotation(t, dev)
	checkNoSecrets(t, dev)
}

// checkRotation rotates the secrets of both of the application's users and checks that a rotation is not drift.
func checkRotation(t *testing.T, out outputs) {
	t.Helper()
	rotateDatabase(t, out)
	rotateCache(t, out)
	checkRefresh(t, out)
}

// rotate rotates the password in a secret while it sends requests, and returns the new one.
func rotate(t *testing.T, out outputs, arn string, sendRequest func()) string {
	t.Helper()
	_, old := login(t, out, arn)
	_, err := secretsmanager.NewFromConfig(awsConfig(out)).RotateSecret(context.Background(), &secretsmanager.RotateSecretInput{SecretId: &arn})
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(5 * time.Minute); ; {
		sendRequest()
		if _, password := login(t, out, arn); password != old {
			sendRequest()
			return password
		}
		if time.Now().After(deadline) {
			t.Fatalf("the password in %s has not changed within five minutes; .sandbox/run has the log of the function that changes it", arn)
		}
	}
}

// rotateDatabase sends requests that need the database: all succeed, and the old password is then invalid.
func rotateDatabase(t *testing.T, out outputs) {
	t.Helper()
	arn := functionEnvironment(t, out)["DB_SECRET_ARN"]
	username, old := login(t, out, arn)
	rotate(t, out, arn, func() {
		if got := request(t, out, http.MethodPut, "/items/e2e-rotation", `{"n":"during"}`); got.status != http.StatusOK && got.status != http.StatusCreated {
			t.Fatalf("while the password changes: %d %s", got.status, got.body)
		}
	})
	checkRow(t, out, "e2e-rotation", "during")
	var rejected *pgconn.PgError
	conn, err := connectDatabase(t, out, username, old)
	if err == nil {
		_ = conn.Close(context.Background())
	}
	if !errors.As(err, &rejected) || rejected.Code != "28P01" {
		t.Errorf("with the old password: %v, want a rejected login", err)
	}
}

// rotateCache reads a cached item while its password rotates. The cache accepts the last two passwords and no older one.
func rotateCache(t *testing.T, out outputs) {
	t.Helper()
	arn := functionEnvironment(t, out)["REDIS_SECRET_ARN"]
	username, first := login(t, out, arn)
	passwords := []string{first}
	const id = "e2e-cache-rotation"
	const path = "/items/" + id
	if got := request(t, out, http.MethodPut, path, `{"n":1}`); got.status != http.StatusOK && got.status != http.StatusCreated {
		t.Fatalf("before the cache's password changes: %d %s", got.status, got.body)
	}
	read := func() string {
		got := request(t, out, http.MethodGet, path, "")
		if got.status != http.StatusOK || got.header.Get("X-Cache") == "bypass" {
			t.Fatalf("while the cache's password changes: %d, X-Cache %s, %s", got.status, got.header.Get("X-Cache"), got.body)
		}
		return got.header.Get("X-Cache")
	}
	for range 2 {
		read()
		hits := 0
		passwords = append(passwords, rotate(t, out, arn, func() {
			if read() == "hit" {
				hits++
			}
		}))
		if hits == 0 {
			t.Error("no request hit the cache while its password changed")
		}
	}
	for i, password := range passwords {
		err := connectCache(t, out, username, password).Get(context.Background(), "item:1:{"+id+"}").Err()
		if want := i > 0; want != (err == nil) || !want && !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("password %d of %d: %v, want only the last two to be valid", i+1, len(passwords), err)
		}
	}
}
