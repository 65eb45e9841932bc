package elasticache

import (
	"net/url"
	"testing"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

func TestADeletedUserIsRemoved(t *testing.T) {
	s := &service{caches: newCaches()}
	s.caches.users["by-iam"], s.caches.users["other"] = cacheUser{kind: "iam"}, cacheUser{kind: "iam"}
	if err := s.userDeleted(&call.Exchange{Form: url.Values{"UserId": {"by-iam"}}}); err != nil {
		t.Fatal(err)
	}
	if _, exists := s.caches.users["by-iam"]; exists || len(s.caches.users) != 1 {
		t.Errorf("users after the deletion: %v", s.caches.users)
	}
}
