// Package rotate gives the application's user in the database, or in the cache, another password.
// Secrets Manager runs it on a schedule, in four steps, and runs a step again when it did not hear how
// it ended: every step may be repeated.
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

// The labels of a secret's versions.
const (
	stageCurrent  = "AWSCURRENT"
	stagePending  = "AWSPENDING"
	stagePrevious = "AWSPREVIOUS"
)

// Event is what Secrets Manager sends.
type Event struct {
	Step     string
	SecretID string `json:"SecretId"`
	// Token is the id of the version that the rotation makes.
	Token string `json:"ClientRequestToken"`
}

// SecretsAPI is what a rotation calls of Secrets Manager.
type SecretsAPI interface {
	secrets.API
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
	UpdateSecretVersionStage(context.Context, *secretsmanager.UpdateSecretVersionStageInput, ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error)
}

// Part is whose user it is.
type Target interface {
	// Change gives the user, whose credentials are now, the password of next too, if it may have two. What
	// has been changed already it leaves as it is.
	AddPassword(ctx context.Context, now, next secrets.Credentials) error
	// Try says whether the user has these credentials, or could be given them.
	Verify(ctx context.Context, as secrets.Credentials) error
}

// Switched is a Part whose user has one password: it gets the new one in the last step.
type SinglePasswordTarget interface {
	Target
	// Switch makes these the user's credentials, and may be repeated.
	SetPassword(ctx context.Context, as secrets.Credentials) error
	// Follow waits until these credentials, which are the current ones by now, let in.
	WaitUntilCurrent(ctx context.Context, as secrets.Credentials) error
}

// Rotation rotates one secret.
type Rotation struct {
	Secrets SecretsAPI
	Secret  string // ARN
	Target  Target
	Log     *slog.Logger
}

// Run takes one step, or does what a deployment asks for. An error has Secrets Manager try again later;
// the password that is current stays so until the last step.
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
		return fmt.Errorf("rotating secret %s: the step %q is none of createSecret, setSecret, testSecret, finishSecret", r.Secret, event.Step)
	}
	if err := step(ctx, event.Token); err != nil {
		return fmt.Errorf("rotating secret %s: %s: %w", r.Secret, event.Step, err)
	}
	r.Log.InfoContext(ctx, "rotated", "step", event.Step, "secret", r.Secret, "version", event.Token)
	return nil
}

// create puts a new password beside the current one.
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

// store makes up a password and stores it under the label, as the version of that id; nil: of any.
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

// set makes the new password one of the user's.
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

// finish makes the new version the current one.
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

// agree gives the user what the secret says is current, of which an answer that never came tells nothing.
func (r Rotation) restoreCurrent(ctx context.Context, user SinglePasswordTarget) error {
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return err
	}
	return user.SetPassword(ctx, now.Credentials)
}

// promote makes the version of that id the current one in the place of another; Secrets Manager keeps that
// as the previous.
func (r Rotation) promote(ctx context.Context, from, to string) error {
	_, err := r.Secrets.UpdateSecretVersionStage(ctx, &secretsmanager.UpdateSecretVersionStageInput{
		SecretId: &r.Secret, VersionStage: aws.String(stageCurrent), MoveToVersionId: &to, RemoveFromVersionId: &from,
	})
	if err != nil {
		return fmt.Errorf("making the new credentials current: %w", err)
	}
	return nil
}

// stored are credentials and the version that holds them.
type stored struct {
	secrets.Credentials
	version string
}

// read reads the version with that label, and of that id unless it is empty.
func (r Rotation) read(ctx context.Context, stage, version string) (stored, error) {
	in := &secretsmanager.GetSecretValueInput{SecretId: &r.Secret, VersionStage: &stage}
	if version != "" {
		in.VersionId = &version
	}
	credentials, id, err := secrets.Read(ctx, r.Secrets, in)
	return stored{credentials, id}, err
}
