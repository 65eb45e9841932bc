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

// patience is how long ElastiCache may take to tell every node about a change, less than an invocation
// has.
const changeTimeout = 4 * time.Minute

// UsersAPI is what a rotation calls of ElastiCache.
type UsersAPI interface {
	DescribeUsers(context.Context, *elasticache.DescribeUsersInput, ...func(*elasticache.Options)) (*elasticache.DescribeUsersOutput, error)
	ModifyUser(context.Context, *elasticache.ModifyUserInput, ...func(*elasticache.Options)) (*elasticache.ModifyUserOutput, error)
}

// Cache is a user of ElastiCache as a Part. It has two passwords, so that whoever knows the older one is
// let in until the next rotation. The nodes cannot be logged in to from outside the VPC, where the API
// is: that a password is good is what ElastiCache says of the user.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/User-Secrets-Manager.html
type Cache struct {
	Users UsersAPI
	// ID is the user's in ElastiCache, Username what it logs in as.
	ID, Username string
	// Pause is between two looks at a user that is being changed.
	PollInterval time.Duration
}

var _ MultiPasswordTarget = Cache{}

// Name implements Holder.
func (c Cache) Name() string { return c.Username }

// Try implements Part: the user is ready, and let in with a password only.
func (c Cache) Verify(ctx context.Context, _ secrets.Credentials) error {
	n, err := c.waitUntilActive(ctx)
	if err == nil && n == 0 {
		err = fmt.Errorf("the cache's user %s has no password", c.ID)
	}
	return err
}

// Change implements Part.
func (c Cache) AddPassword(ctx context.Context, now, next secrets.Credentials) error {
	if now == next {
		return nil // the last step has been taken: beside it is the one before, which stays
	}
	return c.SetPasswords(ctx, now.Password, next.Password)
}

// Hold implements Holder. A user that is being changed takes no other change: it waits before, and
// after, until every node knows.
func (c Cache) SetPasswords(ctx context.Context, passwords ...string) error {
	if _, err := c.waitUntilActive(ctx); err != nil {
		return err
	}
	_, err := c.Users.ModifyUser(ctx, &elasticache.ModifyUserInput{UserId: &c.ID, Passwords: passwords})
	if err != nil {
		return fmt.Errorf("giving the cache's user %s its passwords: %w", c.ID, err)
	}
	if err := c.wait(ctx); err != nil { // in which a look might not see the change yet
		return err
	}
	n, err := c.waitUntilActive(ctx)
	if err == nil && n != len(passwords) {
		err = fmt.Errorf("the cache's user %s has %d passwords, not the %d that it was given", c.ID, n, len(passwords))
	}
	return err
}

// settled waits until no change of the user is going on, and returns how many passwords it has.
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
		return types.User{}, fmt.Errorf("looking at the cache's user %s: %w", c.ID, err)
	}
	if len(out.Users) != 1 {
		return types.User{}, fmt.Errorf("looking at the cache's user %s: there are %d", c.ID, len(out.Users))
	}
	return out.Users[0], nil
}

func (c Cache) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return fmt.Errorf("the cache's user %s is still being changed: %w", c.ID, ctx.Err())
	case <-time.After(c.PollInterval):
		return nil
	}
}
