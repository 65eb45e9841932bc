package rotate

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/didomi/serverless-api/lambda/secrets"
)

const (
	secret = "arn:app"
	token  = "the-new-version"
)

// fakeSecretsManager is Secrets Manager with one secret: values by version, and the version of each label.
type fakeSecretsManager struct {
	mu     sync.Mutex // clients of Redis read it in the background
	values map[string]string
	labels map[string]string
}

func newVault() *fakeSecretsManager {
	return &fakeSecretsManager{
		values: map[string]string{"first": `{"username":"app","password":"old"}`},
		labels: map[string]string{stageCurrent: "first"},
	}
}

func (v *fakeSecretsManager) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	stage := stageCurrent
	if in.VersionStage != nil {
		stage = *in.VersionStage
	}
	id, ok := v.labels[stage]
	if !ok || in.VersionId != nil && *in.VersionId != id {
		return nil, &types.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(v.values[id]), VersionId: &id}, nil
}

func (v *fakeSecretsManager) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id := aws.ToString(in.ClientRequestToken)
	if id == "" {
		id = rand.Text() // as the SDK does
	}
	if _, taken := v.values[id]; taken {
		return nil, &types.ResourceExistsException{}
	}
	v.values[id] = *in.SecretString
	for _, stage := range in.VersionStages {
		v.stage(stage, id)
	}
	return &secretsmanager.PutSecretValueOutput{}, nil
}

// stage gives a version a staging label; what was current is then the previous one.
func (v *fakeSecretsManager) stage(stage, id string) {
	if before, ok := v.labels[stageCurrent]; ok && stage == stageCurrent {
		v.labels[stagePrevious] = before
	}
	v.labels[stage] = id
}

func (v *fakeSecretsManager) UpdateSecretVersionStage(_ context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.labels[*in.VersionStage] != *in.RemoveFromVersionId {
		return nil, &types.InvalidParameterException{}
	}
	v.stage(*in.VersionStage, *in.MoveToVersionId)
	return &secretsmanager.UpdateSecretVersionStageOutput{}, nil
}

// password is that of the version with the label.
func (v *fakeSecretsManager) password(t *testing.T, stage string) string {
	t.Helper()
	var c secrets.Credentials
	if err := json.Unmarshal([]byte(v.values[v.labels[stage]]), &c); err != nil {
		t.Fatal(err)
	}
	return c.Password
}

// door is a Part whose one user has one password, and counts the changes of it.
type door struct {
	password string
	changes  int
	broken   error
}

var errDoor = errors.New("the door is broken")

func (d *door) AddPassword(context.Context, secrets.Credentials, secrets.Credentials) error {
	return nil
}

func (d *door) Verify(context.Context, secrets.Credentials) error { return d.broken }

func (d *door) SetPassword(_ context.Context, as secrets.Credentials) error {
	if d.broken == nil && d.password != as.Password {
		d.password = as.Password
		d.changes++
	}
	return d.broken
}

func (d *door) WaitUntilCurrent(_ context.Context, as secrets.Credentials) error {
	if as.Password != d.password {
		return errors.New("wrong password")
	}
	return nil
}

func run(t *testing.T, v *fakeSecretsManager, part Target, steps ...string) error {
	t.Helper()
	r := Rotation{Secrets: v, Secret: secret, Target: part, Log: slog.New(slog.DiscardHandler)}
	for _, step := range steps {
		if err := r.Run(t.Context(), Event{Step: step, SecretID: secret, Token: token}); err != nil {
			return err
		}
	}
	return nil
}

func TestARotationChangesThePasswordEvenIfEveryStepRunsTwice(t *testing.T) {
	for name, steps := range map[string][]string{
		"each once": {"createSecret", "setSecret", "testSecret", "finishSecret"},
		"each twice": {
			"createSecret", "createSecret", "setSecret", "setSecret", "testSecret", "testSecret", "finishSecret", "finishSecret",
		},
		"all over again after the third": {
			"createSecret", "setSecret", "testSecret", "createSecret", "setSecret", "testSecret", "finishSecret",
		},
	} {
		t.Run(name, func(t *testing.T) {
			v, d := newVault(), &door{password: "old"}
			if err := run(t, v, d, steps...); err != nil {
				t.Fatal(err)
			}
			got := v.password(t, stageCurrent)
			if got == "old" || len(got) < 20 || got != d.password || d.changes != 1 || v.labels[stageCurrent] != token {
				t.Errorf("the current version is %s, the user's password was changed %d times, and is the stored one: %v",
					v.labels[stageCurrent], d.changes, got == d.password)
			}
		})
	}
}

func TestThePasswordStaysCurrentUntilTheLastStep(t *testing.T) {
	v, d := newVault(), &door{password: "old"}
	for _, step := range []string{"createSecret", "setSecret", "testSecret"} {
		if err := run(t, v, d, step); err != nil || v.labels[stageCurrent] != "first" || d.password != "old" {
			t.Fatalf("after %s the current version is %s, and its password the user's: %v, %v", step, v.labels[stageCurrent], d.password == "old", err)
		}
	}
}

func TestErrorsOfARotationContainNoPassword(t *testing.T) {
	for name, c := range map[string]struct {
		steps []string
		door  door
		want  string
	}{
		"a user whose password cannot be set": {[]string{"createSecret", "testSecret"}, door{broken: errDoor}, "testSecret: the door"},
		"a user whose password is not set":    {[]string{"createSecret", "finishSecret"}, door{broken: errDoor}, "finishSecret: the door"},
		"a step before the first":             {[]string{"setSecret"}, door{password: "old"}, "no value yet"},
		"a last step before the first":        {[]string{"finishSecret"}, door{password: "old"}, "no value yet"},
		"a step that there is not":            {[]string{"checkSecret"}, door{password: "old"}, `"checkSecret"`},
		"a deployment of what migrations set": {[]string{deployStep}, door{password: "old"}, `"deploySecret"`},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVault()
			err := run(t, v, &c.door, c.steps...)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), secret) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if next, ok := v.labels[stagePending]; ok && strings.Contains(err.Error(), v.values[next]) {
				t.Error("the error carries a password")
			}
		})
	}
}

// lostResponse is a Secrets Manager whose response to the move of a label is lost, and which may not have moved it.
type lostResponse struct {
	*fakeSecretsManager
	moved bool
}

var errLost = errors.New("no response")

func (v lostResponse) UpdateSecretVersionStage(ctx context.Context, in *secretsmanager.UpdateSecretVersionStageInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.UpdateSecretVersionStageOutput, error) {
	if v.moved {
		if _, err := v.fakeSecretsManager.UpdateSecretVersionStage(ctx, in); err != nil {
			return nil, err
		}
	}
	return nil, errLost
}

func TestTheUserHasTheCurrentPasswordEvenIfTheStageMoveGetsNoResponse(t *testing.T) {
	for name, moved := range map[string]bool{"it was not moved": false, "it was": true} {
		t.Run(name, func(t *testing.T) {
			v, d := newVault(), &door{password: "old"}
			r := Rotation{Secrets: lostResponse{v, moved}, Secret: secret, Target: d, Log: slog.New(slog.DiscardHandler)}
			var err error
			for _, step := range []string{"createSecret", "setSecret", "testSecret", "finishSecret"} {
				err = r.Run(t.Context(), Event{Step: step, SecretID: secret, Token: token})
			}
			if !errors.Is(err, errLost) {
				t.Errorf("got %v, want %v", err, errLost)
			}
			if got := v.password(t, stageCurrent); got != d.password || moved == (got == "old") {
				t.Errorf("the user has the current password: %v, and it is the old one: %v", got == d.password, got == "old")
			}
		})
	}
}

func TestAnotherSecretIsRejected(t *testing.T) {
	r := Rotation{Secrets: newVault(), Secret: secret, Target: &door{}}
	if err := r.Run(t.Context(), Event{Step: "createSecret", SecretID: "arn:other", Token: token}); err == nil || !strings.Contains(err.Error(), "arn:other") {
		t.Errorf("got %v", err)
	}
}

func TestTheEventIsDecodedAsSecretsManagerSendsIt(t *testing.T) {
	var got Event
	sent := `{"ClientRequestToken":"` + token + `","SecretId":"` + secret + `","Step":"testSecret","RotationToken":"t"}`
	if err := json.Unmarshal([]byte(sent), &got); err != nil || got != (Event{"testSecret", secret, token}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
