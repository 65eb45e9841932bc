// Package rotate rotates the password of the application's user in the database or in the cache. Secrets Manager invokes it on a
// schedule, in four steps, and repeats a step whose result it did not get: every step is idempotent.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
package rotate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// The staging labels of a secret's versions.
const (
	stageCurrent  = "AWSCURRENT"
	stagePending  = "AWSPENDING"
	stagePrevious = "AWSPREVIOUS"
)

// Event is the event that Secrets Manager sends.
type Event struct {
	Step     string
	SecretID string `json:"SecretId"`
	// Token is the id of the version that the rotation creates.
	Token string `json:"ClientRequestToken"`
}

// SecretsAPI is the part of the Secrets Manager client that a rotation uses.
type SecretsAPI interface {
	secrets.API
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Target is the user whose password rotates.
type Target interface {
	// AddPassword adds the password of next to the user with the credentials now, if a user can have two. It is idempotent.
	AddPassword(ctx context.Context, now, next secrets.Credentials) error
	// Verify reports whether the user has these credentials, or whether they can be set.
	Verify(ctx context.Context, as secrets.Credentials) error
}

// SinglePasswordTarget is a Target whose user has one password, which changes in the last step.
type SinglePasswordTarget interface {
	Target
	// SetPassword sets the user's credentials. It is idempotent.
	SetPassword(ctx context.Context, as secrets.Credentials) error
	// WaitUntilCurrent waits until clients can log in with these credentials, whose version has become the current one.
	WaitUntilCurrent(ctx context.Context, as secrets.Credentials) error
}

// Rotation is the rotation of a secret.
type Rotation struct {
	Secrets SecretsAPI
	Secret  string // ARN
	Target  Target
	Log     *slog.Logger
}

// Run takes one step of a rotation, or the step of a deployment. After an error, Secrets Manager tries again later; the current password
// stays valid until the last step.
func (r Rotation) Run(ctx context.Context, event Event) error {
	if event.SecretID != r.Secret {
		return fmt.Errorf("rotating secret %s: this function rotates %s alone", event.SecretID, r.Secret)
	}
	steps := map[string]func(context.Context, string) error{
		"createSecret": r.createSecret, "setSecret": r.setSecret, "testSecret": r.testSecret, "finishSecret": r.finishSecret,
	}
	if user, ok := r.Target.(MultiPasswordTarget); ok {
		steps[deployStep] = func(ctx context.Context, _ string) error { return r.deploy(ctx, user) }
	}
	step, ok := steps[event.Step]
	if !ok {
		return fmt.Errorf("rotating secret %s: the step is %q, must be createSecret, setSecret, testSecret or finishSecret", r.Secret, event.Step)
	}
	if err := step(ctx, event.Token); err != nil {
		return fmt.Errorf("rotating secret %s: %s: %w", r.Secret, event.Step, err)
	}
	r.Log.InfoContext(ctx, "rotated", "step", event.Step, "secret", r.Secret, "version", event.Token)
	return nil
}

// createSecret creates a pending version with a new password.
func (r Rotation) createSecret(ctx context.Context, token string) error {
	_, err := r.read(ctx, stagePending, token)
	if !errors.Is(err, secrets.ErrNoValue) {
		return err
	}
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return err
	}
	return r.store(ctx, now.Username, &token, stagePending)
}

// store generates a password and stores it under the staging label, as the given version, or as a new one if that is nil.
func (r Rotation) store(ctx context.Context, username string, version *string, stage string) error {
	value, err := json.Marshal(secrets.Credentials{Username: username, Password: rand.Text()})
	if err != nil {
		return fmt.Errorf("encoding the new credentials: %w", err)
	}
	_, err = r.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{
		SecretId: &r.Secret, ClientRequestToken: version,
		SecretString: aws.String(string(value)), VersionStages: []string{stage},
	})
	if err != nil {
		return fmt.Errorf("storing the new credentials: %w", err)
	}
	return nil
}

// setSecret adds the pending password to the user.
func (r Rotation) setSecret(ctx context.Context, token string) error {
	next, err := r.read(ctx, stagePending, token)
	if err != nil {
		return err
	}
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return err
	}
	return r.Target.AddPassword(ctx, now.Credentials, next.Credentials)
}

func (r Rotation) testSecret(ctx context.Context, token string) error {
	next, err := r.read(ctx, stagePending, token)
	if err != nil {
		return err
	}
	return r.Target.Verify(ctx, next.Credentials)
}

// finishSecret makes the pending version the current one.
func (r Rotation) finishSecret(ctx context.Context, token string) error {
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil || now.version == token {
		return err
	}
	user, ok := r.Target.(SinglePasswordTarget)
	if !ok {
		return r.promote(ctx, now.version, token)
	}
	next, err := r.read(ctx, stagePending, token)
	if err != nil {
		return err
	}
	if err := user.SetPassword(ctx, next.Credentials); err != nil {
		return err
	}
	if err := r.promote(ctx, now.version, token); err != nil {
		return errors.Join(err, r.restoreCurrent(context.WithoutCancel(ctx), user))
	}
	return user.WaitUntilCurrent(ctx, next.Credentials)
}

// restoreCurrent sets the password of the current version, after a request to move the staging label got no response.
func (r Rotation) restoreCurrent(ctx context.Context, user SinglePasswordTarget) error {
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return err
	}
	return user.SetPassword(ctx, now.Credentials)
}

// promote moves AWSCURRENT from one version to another; Secrets Manager labels the former AWSPREVIOUS.
func (r Rotation) promote(ctx context.Context, from, to string) error {
	_, err := r.Secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &r.Secret, VersionStage: aws.String(stageCurrent), MoveToVersionId: &to, RemoveFromVersionId: &from,
	})
	if err != nil {
		return fmt.Errorf("making the new credentials current: %w", err)
	}
	return nil
}

// stored are credentials with the id of their version.
type stored struct {
	secrets.Credentials
	version string
}

// read reads the version with the staging label, and with that id unless it is empty.
func (r Rotation) read(ctx context.Context, stage, version string) (stored, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: &r.Secret, VersionStage: &stage}
	if version != "" {
		in.VersionId = &version
	}
	credentials, id, err := secrets.Read(ctx, r.Secrets, in)
	return stored{credentials, id}, err
}
