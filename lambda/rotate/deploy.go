package rotate

import (
	"context"
	"errors"
	"slices"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// deployStep is what a deployment asks for, beside the steps of Secrets Manager.
const deployStep = "deploySecret"

// Holder is a Part whose user takes two passwords at once, and has what a deployment gives it.
type MultiPasswordTarget interface {
	Target
	// Name is the user's.
	Name() string
	// Hold makes these the user's passwords, and no others.
	SetPasswords(ctx context.Context, passwords ...string) error
}

// deploy gives a secret without a value its first one and has the user hold what the secret says. The
// value is stored before the user has it, so that a run that breaks off in between is mended by the
// next one; so is a user that was made anew.
func (r Rotation) deploy(ctx context.Context, user MultiPasswordTarget) error {
	_, err := r.read(ctx, stageCurrent, "")
	if errors.Is(err, secrets.ErrNoValue) {
		err = r.store(ctx, user.Name(), nil, stageCurrent)
	}
	if err != nil {
		return err
	}
	// A rotation that goes on meanwhile may have had the user hold a new password, which this would have
	// taken away: so it looks whether the secret still says the same.
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

// held are the passwords that the user should have: the current one, and beside it the one that a
// rotation is about to make current, or else the one before, which instances may still know.
func (r Rotation) expectedPasswords(ctx context.Context) ([]string, error) {
	now, err := r.read(ctx, stageCurrent, "")
	if err != nil {
		return nil, err
	}
	for _, stage := range []string{stagePending, stagePrevious} {
		second, err := r.read(ctx, stage, "")
		if errors.Is(err, secrets.ErrNoValue) || err == nil && second.Password == now.Password {
			continue // there is none, or a rotation that has ended left its label
		}
		if err != nil {
			return nil, err
		}
		return []string{now.Password, second.Password}, nil
	}
	return []string{now.Password}, nil
}
