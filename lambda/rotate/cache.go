package rotate

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"

	"github.com/didomi/serverless-api/lambda/secrets"
)

// changeTimeout bounds a change of a user on all ElastiCache nodes; it is less than an invocation has.
const changeTimeout = 4 * time.Minute

// UsersAPI is the part of the ElastiCache client that a rotation uses.
type UsersAPI interface {
	DescribeUsers(context.Context, *elasticache.DescribeUsersInput, ...func(*elasticache.Options)) (*elasticache.DescribeUsersOutput, error)
	ModifyUser(context.Context, *elasticache.ModifyUserInput, ...func(*elasticache.Options)) (*elasticache.ModifyUserOutput, error)
}

// Cache is an ElastiCache user as a Target. The user has two passwords, so that clients with the previous one can log in until the next
// rotation. The nodes cannot be reached from outside the VPC, where the API of ElastiCache is: a password is verified by what
// ElastiCache reports about the user.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/User-Secrets-Manager.html
type Cache struct {
	Users UsersAPI
	// ID is the ElastiCache user id, Username its login name.
	ID, Username string
	// PollInterval is the time between two reads of a user that is being modified.
	PollInterval time.Duration
}

var _ MultiPasswordTarget = Cache{}

// Name implements MultiPasswordTarget.
func (c Cache) Name() string { return c.Username }

// Verify implements Target: the user is active and has a password.
func (c Cache) Verify(ctx context.Context, _ secrets.Credentials) error {
	n, err := c.waitUntilActive(ctx)
	if err == nil && n == 0 {
		err = fmt.Errorf("the cache's user %s has no password", c.ID)
	}
	return err
}

// AddPassword implements Target.
func (c Cache) AddPassword(ctx context.Context, now, next secrets.Credentials) error {
	if now == next {
		return nil // the last step has been taken: the user's second password is the previous one, which stays
	}
	return c.SetPasswords(ctx, now.Password, next.Password)
}

// SetPasswords implements MultiPasswordTarget. ElastiCache rejects a change of a user that is being modified, so it waits before and
// after the change.
func (c Cache) SetPasswords(ctx context.Context, passwords ...string) error {
	if _, err := c.waitUntilActive(ctx); err != nil {
		return err
	}
	_, err := c.Users.ModifyUser(ctx, &elasticache.ModifyUserInput{UserId: &c.ID, Passwords: passwords})
	if err != nil {
		return fmt.Errorf("setting the passwords of the cache's user %s: %w", c.ID, err)
	}
	if err := c.wait(ctx); err != nil { // a read right after the change may not see it yet
		return err
	}
	n, err := c.waitUntilActive(ctx)
	if err == nil && n != len(passwords) {
		err = fmt.Errorf("the cache's user %s has %d passwords, must have the %d that were set", c.ID, n, len(passwords))
	}
	return err
}

// waitUntilActive waits until the user is active and returns the number of its passwords.
func (c Cache) waitUntilActive(ctx context.Context) (int, error) {
	ctx, stop := context.WithTimeout(ctx, changeTimeout)
	defer stop()
	for {
		user, err := c.describe(ctx)
		if err != nil {
			return 0, err
		}
		switch status := aws.ToString(user.Status); {
		case status == "active" && user.Authentication != nil:
			return int(aws.ToInt32(user.Authentication.PasswordCount)), nil
		case status != "modifying":
			return 0, fmt.Errorf("the cache's user %s is %q, not active", c.ID, status)
		}
		if err := c.wait(ctx); err != nil {
			return 0, err
		}
	}
}

func (c Cache) describe(ctx context.Context) (types.User, error) {
	out, err := c.Users.DescribeUsers(ctx, &elasticache.DescribeUsersInput{UserId: &c.ID})
	if err != nil {
		return types.User{}, fmt.Errorf("describing the cache's user %s: %w", c.ID, err)
	}
	if len(out.Users) != 1 {
		return types.User{}, fmt.Errorf("describing the cache's user %s: there are %d", c.ID, len(out.Users))
	}
	return out.Users[0], nil
}

func (c Cache) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("the cache's user %s is still being modified: %w", c.ID, ctx.Err())
	case <-time.After(c.PollInterval):
		return nil
	}
}
