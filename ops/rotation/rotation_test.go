package rotation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

var errKilled = errors.New("killed")

// account is an AWS account with one user, and the pipeline that has one of the user's keys.
type account struct {
	// keys are the user's, the oldest first; inactive ones are also in off.
	keys, off []string
	made      int
	secret    *string
	// pipeline is the key in GitLab's variables.
	pipeline string
	// calls are counted; the response of the call of that number, from 1 on, is lost.
	calls, kill int
	// deaf is how often a new key is still invalid.
	deaf int
}

// called counts a call and reports whether the caller was killed after it.
func (a *account) called() error {
	a.calls++
	if a.calls == a.kill {
		return errKilled
	}
	return nil
}

func (a *account) ListAccessKeys(context.Context, *iam.ListAccessKeysInput, ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error) {
	var out iam.ListAccessKeysOutput
	for i, id := range a.keys {
		out.AccessKeyMetadata = append(out.AccessKeyMetadata, iamtypes.AccessKeyMetadata{
			AccessKeyId: aws.String(id), CreateDate: aws.Time(time.Date(2026, 1, i+1, 0, 0, 0, 0, time.UTC)),
		})
	}
	slices.Reverse(out.AccessKeyMetadata) // IAM documents no order
	return &out, a.called()
}

func (a *account) CreateAccessKey(context.Context, *iam.CreateAccessKeyInput, ...func(*iam.Options)) (*iam.CreateAccessKeyOutput, error) {
	if len(a.keys) == 2 {
		return nil, errors.New("LimitExceeded")
	}
	a.made++
	id := fmt.Sprint("new", a.made)
	a.keys = append(a.keys, id)
	return &iam.CreateAccessKeyOutput{AccessKey: &iamtypes.AccessKey{AccessKeyId: &id, SecretAccessKey: aws.String("half of " + id)}}, a.called()
}

func (a *account) UpdateAccessKey(_ context.Context, in *iam.UpdateAccessKeyInput, _ ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error) {
	a.off = append(a.off, *in.AccessKeyId)
	return &iam.UpdateAccessKeyOutput{}, a.called()
}

func (a *account) DeleteAccessKey(_ context.Context, in *iam.DeleteAccessKeyInput, _ ...func(*iam.Options)) (*iam.DeleteAccessKeyOutput, error) {
	a.keys = slices.DeleteFunc(a.keys, func(id string) bool { return id == *in.AccessKeyId })
	return &iam.DeleteAccessKeyOutput{}, a.called()
}

func (a *account) GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	if a.secret == nil {
		return nil, &secretstypes.ResourceNotFoundException{}
	}
	return &secretsmanager.GetSecretValueOutput{SecretString: a.secret}, a.called()
}

func (a *account) PutSecretValue(_ context.Context, in *secretsmanager.PutSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error) {
	a.secret = in.SecretString
	return &secretsmanager.PutSecretValueOutput{}, a.called()
}

// works reports whether the key is valid.
func (a *account) works(id string) bool {
	return slices.Contains(a.keys, id) && !slices.Contains(a.off, id)
}

func (a *account) holds(id string) *account {
	a.secret = aws.String(`{"accessKeyId":"` + id + `","secretAccessKey":"half of ` + id + `"}`)
	a.pipeline = id
	return a
}

// rotate runs a rotation in the account, and returns its output.
func rotate(t *testing.T, a *account, change func(*Rotation)) (string, error) {
	t.Helper()
	var log strings.Builder
	r := &Rotation{
		IAM: a, Secrets: a, User: "ci", SecretARN: "secret", Log: &log,
		Try: func(_ context.Context, key Key) error {
			if a.deaf > 0 {
				a.deaf--
				return errors.New("InvalidClientTokenId")
			}
			if !a.works(key.ID) || key.Secret != "half of "+key.ID {
				return errors.New("no such key")
			}
			return a.called()
		},
		Publish: func(_ context.Context, key Key) error {
			a.pipeline = key.ID
			return a.called()
		},
		Wait: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
	if change != nil {
		change(r)
	}
	err := r.Run(t.Context())
	if strings.Contains(log.String(), "half of") || err != nil && strings.Contains(err.Error(), "half of") {
		t.Errorf("it prints the secret: %s, %v", log.String(), err)
	}
	return log.String(), err
}

func byHand(r *Rotation) { r.Publish = nil }
func finish(r *Rotation) { r.Publish, r.Finish = nil, true }

func TestARotationReplacesTheKeyStepByStep(t *testing.T) {
	for _, c := range []struct {
		name     string
		account  *account
		change   func(*Rotation)
		keys     []string
		pipeline string
		err      string
	}{
		{"the first key is created and passed to the pipeline", &account{}, nil, []string{"new1"}, "new1", ""},
		{"the old key is deleted once the pipeline has the new one", (&account{keys: []string{"old"}}).holds("old"), nil, []string{"new1"}, "new1", ""},
		{"a key created by hand is replaced as well", &account{keys: []string{"old"}, pipeline: "old"}, nil, []string{"new1"}, "new1", ""},
		{"a key that is not valid at once is awaited", (&account{keys: []string{"old"}, deaf: 3}).holds("old"), nil, []string{"new1"}, "new1", ""},
		{"a key that cannot assume a role leaves the old one in use", (&account{keys: []string{"old"}, deaf: 100}).holds("old"), nil,
			[]string{"old", "new1"}, "old", "the previous key still works"},
		{"an interrupted rotation is completed", (&account{keys: []string{"old", "newer"}}).holds("newer"), nil, []string{"newer"}, "newer", ""},
		{"a key whose secret is lost is deleted first", (&account{keys: []string{"old", "lost"}}).holds("old"), nil, []string{"new1"}, "new1", ""},
		{"two keys that the secret does not have are left unchanged", &account{keys: []string{"a", "b"}, pipeline: "b"}, nil,
			[]string{"a", "b"}, "b", "user ci has two keys (a of 2026-01-01, b of 2026-01-02), and the secret holds neither"},
		{"a secret with another value is left alone", &account{secret: aws.String("hello")}, nil, nil, "", "does not contain"},
		{"without GitLab's token the old key stays", (&account{keys: []string{"old"}}).holds("old"), byHand, []string{"old", "new1"}, "old", ErrByHand.Error()},
		{"once the new key was set by hand, the old one is deleted", (&account{keys: []string{"old", "newer"}}).holds("newer"), finish, []string{"newer"}, "newer", ""},
		{"with no other key there is nothing to finish", (&account{keys: []string{"only"}}).holds("only"), finish, []string{"only"}, "only", ""},
		{"nor is there before the first rotation", &account{keys: []string{"old"}, pipeline: "old"}, finish, []string{"old"}, "old", "without --finish first"},
	} {
		t.Run(c.name, func(t *testing.T) {
			log, err := rotate(t, c.account, c.change)
			if c.err == "" && err != nil || c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)) {
				t.Errorf("error %v, want %q in it", err, c.err)
			}
			if !slices.Equal(c.account.keys, c.keys) || c.account.pipeline != c.pipeline {
				t.Errorf("keys %v, the pipeline has %s; want %v, %s\n%s", c.account.keys, c.account.pipeline, c.keys, c.pipeline, log)
			}
		})
	}
}

func TestAKilledRotationIsResumed(t *testing.T) {
	for _, first := range []bool{true, false} {
		start := func() *account {
			if first {
				return &account{}
			}
			return (&account{keys: []string{"old"}}).holds("old")
		}
		whole := start()
		if _, err := rotate(t, whole, nil); err != nil {
			t.Fatal(err)
		}
		for call := 1; call <= whole.calls; call++ {
			t.Run(fmt.Sprintf("first key %v, killed after call %d", first, call), func(t *testing.T) {
				a := start()
				a.kill = call
				// A check of the new key is repeated after any error, so a lost response there ends nothing.
				if _, err := rotate(t, a, nil); err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				if a.pipeline != "" && !a.works(a.pipeline) {
					t.Errorf("the pipeline is left with key %s, which does not work", a.pipeline)
				}
				if _, err := rotate(t, a, nil); err != nil {
					t.Fatal(err)
				}
				if len(a.keys) != 1 || a.pipeline != a.keys[0] || !a.works(a.pipeline) {
					t.Errorf("run again it leaves keys %v (off: %v), and the pipeline with %s", a.keys, a.off, a.pipeline)
				}
			})
		}
	}
}
