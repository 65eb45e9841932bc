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

// cacheUser is what a CreateUser or ModifyUser call says of a user's login.
type cacheUser struct {
	kind      string // "password", "no-password" or "iam", as DescribeUsers answers
	passwords []string
	changing  time.Time // when the last change is over
}

// UserChange is how long a change of a user takes: on AWS until every node knows, which is longer.
const UserChange = 500 * time.Millisecond

// rememberUser keeps a user's authentication: AWS answers its type and the
// number of passwords, the emulator reads one form of the call only and takes
// every other user for one without a password.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_CreateUser.html
func (s *service) storeUser(x *call.Exchange) error {
	id := x.Form.Get("UserId")
	passwords := call.FormList(x.Form, "Passwords")
	passwords = append(passwords, call.FormList(x.Form, "AuthenticationMode.Passwords")...)
	kind := x.Form.Get("AuthenticationMode.Type")
	s.caches.mu.Lock()
	user, known := s.caches.users[id]
	switch {
	case len(passwords) > 0:
		user = cacheUser{kind: "password", passwords: passwords}
	case kind == "iam":
		user = cacheUser{kind: "iam"}
	case kind == "no-password-required" || x.Form.Get("NoPasswordRequired") == "true" || !known:
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

// refuseWhileChanging answers as AWS does to a change of a user that is being
// changed; the emulator is done with every change at once.
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

// showUser corrects the authentication and the status of a user, wherever one
// stands in an answer.
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

// members are the users of user groups, as the data plane wants them.
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
		return dataplane.CacheUser{}, fmt.Errorf("user %s: the emulator does not have it", userID)
	}
	s.caches.mu.Lock()
	defer s.caches.mu.Unlock()
	return dataplane.CacheUser{
		Name: user[0].Value("UserName"), AccessString: user[0].Value("AccessString"),
		Passwords: s.caches.users[userID].passwords,
	}, nil
}
