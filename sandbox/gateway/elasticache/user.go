package elasticache

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// cacheUser is the authentication of a user in a CreateUser or ModifyUser call.
type cacheUser struct {
	kind      string // "password", "no-password" or "iam", as in DescribeUsers
	passwords []string
	changing  time.Time // when the last change ends
}

// UserChange is how long a change of a user takes. On AWS it lasts until every node has the change, which is longer.
const UserChange = 500 * time.Millisecond

// storeUser stores a user's authentication: AWS returns its type and the number
// of passwords. The emulator reads one form of the call only and returns every
// other user as one without a password.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUser.html
func (s *service) storeUser(x *call.Exchange) error {
	id := x.Form.Get("UserId")
	passwords := call.FormList(x.Form, "Passwords")
	passwords = append(passwords, call.FormList(x.Form, "AuthenticationMode.Passwords")...)
	kind := x.Form.Get("AuthenticationMode.Type")
	s.caches.mu.Lock()
	user, exists := s.caches.users[id]
	switch {
	case len(passwords) > 0:
		user = cacheUser{kind: "password", passwords: passwords}
	case kind == "iam":
		user = cacheUser{kind: "iam"}
	case kind == "no-password-required" || x.Form.Get("NoPasswordRequired") == "true" || !exists:
		user = cacheUser{kind: "no-password"}
	}
	created := x.Form.Get("Action") == "CreateUser"
	if !created {
		user.changing = x.Now().Add(UserChange)
	}
	s.caches.users[id] = user
	s.caches.mu.Unlock()
	if created {
		return nil // a new user is in no group yet
	}
	return s.applyUserChanges(x)
}

// rejectWhileModifying rejects a change of a user that is being modified. In the
// emulator every change is immediate.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_ModifyUser.html
func (s *service) rejectWhileModifying(modify call.Handler) call.Handler {
	return func(x *call.Exchange) error {
		s.caches.mu.Lock()
		changing := x.Now().Before(s.caches.users[x.Form.Get("UserId")].changing)
		s.caches.mu.Unlock()
		if changing {
			return x.Reject(http.StatusBadRequest, "InvalidUserState", "User is being modified.")
		}
		return modify(x)
	}
}

func (s *service) userDeleted(x *call.Exchange) error {
	s.caches.mu.Lock()
	defer s.caches.mu.Unlock()
	delete(s.caches.users, x.Form.Get("UserId"))
	return nil
}

// fillUser corrects the authentication and the status of a user, anywhere in a
// response.
func (s *service) fillUser(n *xmltree.Node) {
	authentication := n.Child("Authentication")
	if authentication == nil || n.Child("UserId") == nil {
		return
	}
	s.caches.mu.Lock()
	user, ok := s.caches.users[n.Value("UserId")]
	s.caches.mu.Unlock()
	if ok {
		authentication.Set("Type", user.kind)
		authentication.Set("PasswordCount", strconv.Itoa(len(user.passwords)))
	}
	if s.Now().Before(user.changing) {
		n.Set("Status", "modifying")
	}
}

// members returns the users of user groups for the data plane.
func (s *service) members(ctx context.Context, userGroups []string) ([]dataplane.CacheUser, error) {
	var members []dataplane.CacheUser
	for _, id := range userGroups {
		response, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeUserGroups", "UserGroupId": id})
		if err != nil {
			return nil, fmt.Errorf("user group %s: %w", id, err)
		}
		for _, userID := range response.First("UserIds").Texts() {
			member, err := s.member(ctx, userID)
			if err != nil {
				return nil, err
			}
			members = append(members, member)
		}
	}
	return members, nil
}

func (s *service) member(ctx context.Context, userID string) (dataplane.CacheUser, error) {
	response, err := s.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeUsers", "UserId": userID})
	if err != nil {
		return dataplane.CacheUser{}, fmt.Errorf("user %s: %w", userID, err)
	}
	user := response.First("Users").Items()
	if len(user) == 0 {
		return dataplane.CacheUser{}, fmt.Errorf("user %s does not exist", userID)
	}
	s.caches.mu.Lock()
	defer s.caches.mu.Unlock()
	return dataplane.CacheUser{
		Name: user[0].Value("UserName"), AccessString: user[0].Value("AccessString"),
		Passwords: s.caches.users[userID].passwords,
	}, nil
}
