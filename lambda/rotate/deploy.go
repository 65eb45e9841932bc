package rotate

import (
	"context"
	"errors"
	"slices"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// deployStep is the step of a deployment, in addition to those of Secrets Manager.
const deployStep = "deploySecret"

// MultiPasswordTarget is a Target whose user has two passwords at once, and whose passwords a deployment sets.
type MultiPasswordTarget interface {
	Target
	// Name is the user's name.
	Name() string
	// SetPasswords replaces the user's passwords.
	SetPasswords(ctx context.Context, passwords ...string) error
}

// deploy gives a secret without a value its first one and sets the user's passwords from the secret. The value is stored before the
// user has it, so that the next run repairs an interrupted one, and a recreated user gets its passwords.
func (r Rotation) deploy(ctx context.Context, user MultiPasswordTarget) error {
	_, err := r.read(ctx, stageCurrent, "")
	if errors.Is(err, secrets.ErrNoValue) {
		err = r.store(ctx, user.Name(), nil, stageCurrent)
	}
	if err != nil {
		return err
	}
	// A concurrent rotation may have set a new password, which this would revert, so it repeats until the secret has not changed.
	for {
		passwords, err := r.expectedPasswords(ctx)
		if err != nil {
			return err
		}
		if err := user.SetPasswords(ctx, passwords...); err != nil {
			return err
		}
		if after, err := r.expectedPasswords(ctx); err != nil || slices.Equal(after, passwords) {
			return err
		}
	}
}

// expectedPasswords returns the passwords that the user should have: the current one, and the pending one of a rotation or else the
// previous one, which execution environments may still use.
func (r Rotation) expectedPasswords(ctx context.Context) ([]string, error) {
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return nil, err
	}
	for _, stage := range []string{stagePending, stagePrevious} {
		second, err := r.read(ctx, stage, "")
		if errors.Is(err, secrets.ErrNoValue) || err == nil && second.Password == now.Password {
			continue // there is none, or a completed rotation left its staging label
		}
		if err != nil {
			return nil, err
		}
		return []string{now.Password, second.Password}, nil
	}
	return []string{now.Password}, nil
}
