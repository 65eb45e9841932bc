// Package rotation replaces the CI user's access key. The new key goes from IAM to Secrets Manager, and from there
// to GitLab's variables; it is stored nowhere else.
package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	secretstypes "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// IAM are the calls of IAM that a rotation makes; *iam.Client has them.
type IAM interface {
	ListAccessKeys(context.Context, *iam.ListAccessKeysInput, ...func(*iam.Options)) (*iam.ListAccessKeysOutput, error)
	CreateAccessKey(context.Context, *iam.CreateAccessKeyInput, ...func(*iam.Options)) (*iam.CreateAccessKeyOutput, error)
	UpdateAccessKey(context.Context, *iam.UpdateAccessKeyInput, ...func(*iam.Options)) (*iam.UpdateAccessKeyOutput, error)
	DeleteAccessKey(context.Context, *iam.DeleteAccessKeyInput, ...func(*iam.Options)) (*iam.DeleteAccessKeyOutput, error)
}

// Secrets are the calls of Secrets Manager that a rotation makes; *secretsmanager.Client has them.
type Secrets interface {
	GetSecretValue(context.Context, *secretsmanager.GetSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error)
	PutSecretValue(context.Context, *secretsmanager.PutSecretValueInput, ...func(*secretsmanager.Options)) (*secretsmanager.PutSecretValueOutput, error)
}

// Key is an access key as the secret stores it.
type Key struct {
	ID     string `json:"accessKeyId"`
	Secret string `json:"secretAccessKey"`
}

// Rotation is one rotation of a user's key. The account determines the next step, so a rotation that was killed is
// resumed.
type Rotation struct {
	IAM     IAM
	Secrets Secrets
	// User is the CI user's name, SecretARN the secret with its key.
	User, SecretARN string
	// Try assumes a role with the key.
	Try func(context.Context, Key) error
	// Publish sets the key in the pipeline; nil: the operator does that, and confirms it with Finish.
	Publish func(context.Context, Key) error
	Finish  bool
	// Wait sleeps; it returns early with the context's error.
	Wait func(context.Context, time.Duration) error
	Log  io.Writer
}

// ErrByHand means that the new key is stored and works, and that the operator must set it in the pipeline.
var ErrByHand = errors.New("the old key stays until the pipeline has the new one")

// Run rotates the key. The old key works until the new one is stored, tried and published.
func (r *Rotation) Run(ctx context.Context) error {
	stored, err := r.stored(ctx)
	if err != nil {
		return err
	}
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	next, err := r.next(ctx, keys, stored)
	if err != nil {
		return err
	}
	if err := r.try(ctx, next); err != nil {
		return fmt.Errorf("key %s is stored and cannot assume a role; the previous key still works, run this again: %w", next.ID, err)
	}
	r.log("key %s takes a role", next.ID)
	switch {
	case r.Publish != nil:
		if err := r.Publish(ctx, next); err != nil {
			return fmt.Errorf("set key %s in the pipeline; the previous key still works, run this again: %w", next.ID, err)
		}
		r.log("the pipeline has key %s", next.ID)
	case !r.Finish:
		return ErrByHand
	}
	return r.retire(ctx, next)
}

// next returns the key to rotate to: that of an interrupted rotation, or a new one.
func (r *Rotation) next(ctx context.Context, keys []iamtypes.AccessKeyMetadata, stored Key) (Key, error) {
	known := slices.IndexFunc(keys, func(k iamtypes.AccessKeyMetadata) bool { return aws.ToString(k.AccessKeyId) == stored.ID })
	switch {
	case r.Finish && known < 0:
		return Key{}, fmt.Errorf("the secret holds no key of user %s: run this without --finish first", r.User)
	case r.Finish:
		return stored, nil
	case len(keys) < 2: // IAM allows a user two
		return r.create(ctx)
	case known == 1:
		r.log("a rotation to key %s was under way", stored.ID)
		return stored, nil
	case known == 0:
		// Killed between the creation of a key and its storage: its secret is lost.
		if err := r.remove(ctx, aws.ToString(keys[1].AccessKeyId)); err != nil {
			return Key{}, err
		}
		return r.create(ctx)
	default:
		return Key{}, fmt.Errorf("user %s has two keys (%s of %s, %s of %s), and the secret holds neither: delete the one that the pipeline does not use, then run this again",
			r.User, aws.ToString(keys[0].AccessKeyId), date(keys[0]), aws.ToString(keys[1].AccessKeyId), date(keys[1]))
	}
}

// create creates a key and stores it.
func (r *Rotation) create(ctx context.Context) (Key, error) {
	made, err := r.IAM.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: &r.User})
	if err != nil {
		return Key{}, fmt.Errorf("create a key of user %s: %w", r.User, err)
	}
	key := Key{aws.ToString(made.AccessKey.AccessKeyId), aws.ToString(made.AccessKey.SecretAccessKey)}
	text, err := json.Marshal(key)
	if err != nil {
		return Key{}, fmt.Errorf("encode key %s: %w", key.ID, err)
	}
	if _, err := r.Secrets.PutSecretValue(ctx, &secretsmanager.PutSecretValueInput{SecretId: &r.SecretARN, SecretString: aws.String(string(text))}); err != nil {
		return Key{}, fmt.Errorf("store key %s, which is useless now; run this again: %w", key.ID, err)
	}
	r.log("key %s is made and stored", key.ID)
	return key, nil
}

const (
	// A new key is valid everywhere after seconds.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
	tries = 12
	pause = 5 * time.Second
)

// try assumes a role with the key, and retries until a new key is valid everywhere.
func (r *Rotation) try(ctx context.Context, key Key) error {
	for left := tries - 1; ; left-- {
		err := r.Try(ctx, key)
		if err == nil || left == 0 {
			return err
		}
		if err := r.Wait(ctx, pause); err != nil {
			return err
		}
	}
}

// retire deletes every other key of the user.
func (r *Rotation) retire(ctx context.Context, next Key) error {
	keys, err := r.keys(ctx)
	if err != nil {
		return err
	}
	for _, k := range keys {
		if id := aws.ToString(k.AccessKeyId); id != next.ID {
			if err := r.remove(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *Rotation) remove(ctx context.Context, id string) error {
	_, err := r.IAM.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: &r.User, AccessKeyId: &id, Status: iamtypes.StatusTypeInactive})
	if err != nil {
		return fmt.Errorf("deactivate key %s: %w", id, err)
	}
	if _, err := r.IAM.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: &r.User, AccessKeyId: &id}); err != nil {
		return fmt.Errorf("delete key %s, which is inactive; run this again: %w", id, err)
	}
	r.log("key %s is deleted", id)
	return nil
}

// stored returns the key in the secret; empty before the first rotation.
func (r *Rotation) stored(ctx context.Context) (Key, error) {
	value, err := r.Secrets.GetSecretValue(ctx, &secretsmanager.GetSecretValueInput{SecretId: &r.SecretARN})
	if missing := new(secretstypes.ResourceNotFoundException); errors.As(err, &missing) {
		return Key{}, nil
	}
	if err != nil {
		return Key{}, fmt.Errorf("read the secret of the key: %w", err)
	}
	var key Key
	if err := json.Unmarshal([]byte(aws.ToString(value.SecretString)), &key); err != nil || key.ID == "" || key.Secret == "" {
		return Key{}, errors.New(`the secret does not contain {"accessKeyId", "secretAccessKey"}: delete its value, or store the current key there`)
	}
	return key, nil
}

// keys returns the user's keys, oldest first.
func (r *Rotation) keys(ctx context.Context) ([]iamtypes.AccessKeyMetadata, error) {
	listed, err := r.IAM.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &r.User})
	if err != nil {
		return nil, fmt.Errorf("list the keys of user %s: %w", r.User, err)
	}
	keys := listed.AccessKeyMetadata
	slices.SortFunc(keys, func(a, b iamtypes.AccessKeyMetadata) int {
		return aws.ToTime(a.CreateDate).Compare(aws.ToTime(b.CreateDate))
	})
	return keys, nil
}

func date(k iamtypes.AccessKeyMetadata) string { return aws.ToTime(k.CreateDate).Format(time.DateOnly) }

func (r *Rotation) log(format string, args ...any) {
	_, _ = fmt.Fprintf(r.Log, format+"\n", args...)
}
