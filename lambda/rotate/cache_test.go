package rotate

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/elasticache/types"
)

const userID = "stack-cache-app"

// users is ElastiCache with one user.
type users struct {
	status    string // what it stays in; empty: active, but for the looks after a change
	passwords []string
	lost      int   // of the passwords of a change, so many do not arrive
	failure   error // of a change
	// busy is how many reads a change takes, left how many of them remain.
	busy, left int
	changes    [][]string
	// changed is called with a change, which the nodes then have.
	changed func(passwords []string)
}

func (u *users) DescribeUsers(_ context.Context, in *elasticache.DescribeUsersInput, _ ...func(*elasticache.Options)) (*elasticache.DescribeUsersOutput, error) {
	if *in.UserId != userID {
		return nil, &types.UserNotFoundFault{}
	}
	status := u.status
	switch {
	case status == "" && u.left > 0:
		u.left--
		status = "modifying"
	case status == "":
		status = "active"
	}
	return &elasticache.DescribeUsersOutput{Users: []types.User{{
		UserId: in.UserId, Status: &status, Authentication: &types.Authentication{PasswordCount: aws.Int32(int32(len(u.passwords)))},
	}}}, nil
}

func (u *users) ModifyUser(_ context.Context, in *elasticache.ModifyUserInput, _ ...func(*elasticache.Options)) (*elasticache.ModifyUserOutput, error) {
	if u.failure != nil {
		return nil, u.failure
	}
	if u.left > 0 {
		return nil, &types.InvalidUserStateFault{}
	}
	if in.AccessString != nil || in.AuthenticationMode != nil || in.NoPasswordRequired != nil {
		return nil, errors.New("a rotation changes only passwords")
	}
	u.passwords, u.left = in.Passwords[u.lost:], u.busy
	u.changes = append(u.changes, in.Passwords)
	if u.changed != nil {
		u.changed(in.Passwords)
	}
	return &elasticache.ModifyUserOutput{}, nil
}

// cacheUser is the user as a Part that looks at it all the time.
func cacheUser(u *users) Cache {
	return Cache{Users: u, ID: userID, Username: "app", PollInterval: time.Millisecond}
}

// steps are those of a complete rotation.
var steps = []string{"createSecret", "setSecret", "testSecret", "finishSecret"}

func TestTheCacheUserKeepsThePreviousPassword(t *testing.T) {
	for name, busy := range map[string]int{"a change takes effect at once": 0, "or after some polls": 3} {
		t.Run(name, func(t *testing.T) {
			sm, u := newVault(), &users{passwords: []string{"older", "old"}, busy: busy, left: busy}
			if err := run(t, sm, cacheUser(u), append(steps, steps...)...); err != nil {
				t.Fatal(err)
			}
			if want := []string{"old", sm.password(t, stageCurrent)}; !slices.Equal(u.passwords, want) || len(u.changes) != 1 || u.left != 0 {
				t.Errorf("the user has %d passwords, not the last one and the new one; it was changed %d times, and left %d looks too early",
					len(u.passwords), len(u.changes), u.left)
			}
		})
	}
}

func TestADeploymentSetsThePasswordsInTheSecret(t *testing.T) {
	version := func(password string) string { return `{"username":"app","password":"` + password + `"}` }
	all := map[string]string{"1": version("one"), "2": version("two"), "3": version("three")}
	for name, c := range map[string]struct {
		labels map[string]string
		want   []string
	}{
		"the first password, alone":                            {map[string]string{stageCurrent: "1"}, []string{"one"}},
		"the one before too":                                   {map[string]string{stageCurrent: "2", stagePrevious: "1"}, []string{"two", "one"}},
		"the pending one of a rotation has priority":           {map[string]string{stageCurrent: "2", stagePrevious: "1", stagePending: "3"}, []string{"two", "three"}},
		"the one before where a rotation's label is left over": {map[string]string{stageCurrent: "3", stagePrevious: "2", stagePending: "3"}, []string{"three", "two"}},
	} {
		t.Run(name, func(t *testing.T) {
			sm, u := &fakeSecretsManager{values: all, labels: c.labels}, &users{passwords: []string{"unused"}}
			if err := run(t, sm, cacheUser(u), deployStep); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(u.passwords, c.want) {
				t.Errorf("it has %v, want %v", u.passwords, c.want)
			}
		})
	}
}

func TestADeploymentGivesAnEmptySecretItsFirstPassword(t *testing.T) {
	sm, u := &fakeSecretsManager{values: map[string]string{}, labels: map[string]string{}}, &users{passwords: []string{"unused"}}
	t.Run("which is stored even if it could not be set for the user", func(t *testing.T) {
		u.failure = errors.New("throttled")
		if err := run(t, sm, cacheUser(u), deployStep); err == nil || len(sm.password(t, stageCurrent)) < 20 {
			t.Errorf("got %v", err)
		}
	})
	t.Run("and then it is set for the user", func(t *testing.T) {
		u.failure = nil
		stored := sm.password(t, stageCurrent)
		if err := run(t, sm, cacheUser(u), deployStep); err != nil || !slices.Equal(u.passwords, []string{stored}) || sm.password(t, stageCurrent) != stored {
			t.Errorf("%d passwords after %d changes, %v", len(u.passwords), len(u.changes), err)
		}
	})
}

func TestARotationDuringADeploymentKeepsItsPassword(t *testing.T) {
	sm, u := newVault(), &users{passwords: []string{"old"}}
	// It has stored a pending password and set both, after the deployment
	// had looked: what the deployment then sets has the new one no more.
	u.changed = func([]string) {
		u.changed = nil
		if err := run(t, sm, cacheUser(u), steps[:2]...); err != nil {
			t.Error(err)
		}
		u.passwords = []string{"old"}
	}
	if err := run(t, sm, cacheUser(u), deployStep); err != nil {
		t.Fatal(err)
	}
	if want := []string{"old", sm.password(t, stagePending)}; !slices.Equal(u.passwords, want) {
		t.Errorf("the user has %d passwords, want the current one and the rotation's", len(u.passwords))
	}
}

func TestErrorsOfElastiCacheContainNoPassword(t *testing.T) {
	for name, c := range map[string]struct {
		user users
		want string
	}{
		"a change that is rejected":    {users{failure: errors.New("no such right")}, "setting the passwords of the cache's user stack-cache-app: no such right"},
		"a user that is being deleted": {users{status: "deleting"}, `is "deleting"`},
		"a user that is never active":  {users{status: "modifying"}, "is still being modified"},
		"a password that is not set":   {users{lost: 1}, "has 1 passwords, must have the 2 that were set"},
		"a user without passwords":     {users{lost: 2}, "has 0 passwords"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, stop := context.WithTimeout(t.Context(), time.Minute)
				defer stop()
				sm := newVault()
				err := run(t, sm, cacheUser(&c.user), "createSecret")
				if err == nil {
					err = cacheUser(&c.user).SetPasswords(ctx, "old", sm.password(t, stagePending))
				}
				if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), sm.password(t, stagePending)) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
	t.Run("a user that is not there", func(t *testing.T) {
		err := Cache{Users: &users{}, ID: "another"}.SetPasswords(t.Context(), "old")
		if missing := (*types.UserNotFoundFault)(nil); !errors.As(err, &missing) || !strings.Contains(err.Error(), "another") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a test of a user without a password", func(t *testing.T) {
		if err := run(t, newVault(), cacheUser(&users{}), "createSecret", "testSecret"); err == nil || !strings.Contains(err.Error(), "has no password") {
			t.Errorf("got %v", err)
		}
	})
}
