package gateway

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
)

// cacheUser is what a CreateUser or ModifyUser call says of a user's login.
type cacheUser struct {
	kind      string // "password", "no-password" or "iam", as DescribeUsers answers
	passwords []string
	changing  time.Time // when the last change is over
}

// userChange is how long a change of a user takes: on AWS until every node knows, which is longer.
const userChange = 500 * time.Millisecond

// rememberUser keeps a user's authentication: AWS answers its type and the
// number of passwords, the emulator reads one form of the call only and takes
// every other user for one without a password.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUser.html
func rememberUser(x *exchange) error {
	id := x.form.Get("UserId")
	passwords := formList(x.form, "Passwords")
	passwords = append(passwords, formList(x.form, "AuthenticationMode.Passwords")...)
	kind := x.form.Get("AuthenticationMode.Type")
	x.g.caches.mu.Lock()
	user, known := x.g.caches.users[id]
	switch {
	case len(passwords) > 0:
		user = cacheUser{kind: "password", passwords: passwords}
	case kind == "iam":
		user = cacheUser{kind: "iam"}
	case kind == "no-password-required" || x.form.Get("NoPasswordRequired") == "true" || !known:
		user = cacheUser{kind: "no-password"}
	}
	created := x.form.Get("Action") == "CreateUser"
	if !created {
		user.changing = x.g.now().Add(userChange)
	}
	x.g.caches.users[id] = user
	x.g.caches.mu.Unlock()
	if created {
		return nil // a new user is in no group yet
	}
	return applyUserChanges(x)
}

// refuseWhileChanging answers as AWS does to a change of a user that is being
// changed; the emulator is done with every change at once.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyUser.html
func refuseWhileChanging(modify handler) handler {
	return func(x *exchange) error {
		x.g.caches.mu.Lock()
		changing := x.g.now().Before(x.g.caches.users[x.form.Get("UserId")].changing)
		x.g.caches.mu.Unlock()
		if changing {
			return x.refuse(http.StatusBadRequest, "InvalidUserState", "User is being modified.")
		}
		return modify(x)
	}
}

func forgetUser(x *exchange) error {
	x.g.caches.mu.Lock()
	defer x.g.caches.mu.Unlock()
	delete(x.g.caches.users, x.form.Get("UserId"))
	return nil
}

// showUser corrects the authentication and the status of a user, wherever one
// stands in an answer.
func (g *Gateway) showUser(n *node) {
	authentication := n.child("Authentication")
	if authentication == nil || n.child("UserId") == nil {
		return
	}
	g.caches.mu.Lock()
	user, ok := g.caches.users[n.value("UserId")]
	g.caches.mu.Unlock()
	if ok {
		authentication.set("Type", user.kind)
		authentication.set("PasswordCount", strconv.Itoa(len(user.passwords)))
	}
	if g.now().Before(user.changing) {
		n.set("Status", "modifying")
	}
}

// members are the users of user groups, as the data plane wants them.
func (g *Gateway) members(ctx context.Context, userGroups []string) ([]dataplane.CacheUser, error) {
	var members []dataplane.CacheUser
	for _, id := range userGroups {
		answer, err := g.admin.query(ctx, "elasticache", elasticacheVersion, map[string]string{"Action": "DescribeUserGroups", "UserGroupId": id})
		if err != nil {
			return nil, fmt.Errorf("user group %s: %w", id, err)
		}
		for _, userID := range answer.first("UserIds").texts() {
			member, err := g.member(ctx, userID)
			if err != nil {
				return nil, err
			}
			members = append(members, member)
		}
	}
	return members, nil
}

func (g *Gateway) member(ctx context.Context, userID string) (dataplane.CacheUser, error) {
	answer, err := g.admin.query(ctx, "elasticache", elasticacheVersion, map[string]string{"Action": "DescribeUsers", "UserId": userID})
	if err != nil {
		return dataplane.CacheUser{}, fmt.Errorf("user %s: %w", userID, err)
	}
	user := answer.first("Users").items()
	if len(user) == 0 {
		return dataplane.CacheUser{}, fmt.Errorf("user %s: the emulator does not have it", userID)
	}
	g.caches.mu.Lock()
	defer g.caches.mu.Unlock()
	return dataplane.CacheUser{
		Name: user[0].value("UserName"), AccessString: user[0].value("AccessString"),
		Passwords: g.caches.users[userID].passwords,
	}, nil
}
