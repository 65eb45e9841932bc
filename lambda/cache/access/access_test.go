package access_test

import (
	"regexp"
	"testing"

	"github.com/didomi/serverless-api/lambda/cache/access"
)

// ElastiCache returns an access string in one form, whatever was sent: on or off, the keys, what is
// removed, what is added, separated by one space each.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
func TestTheAccessStringIsInElastiCachesForm(t *testing.T) {
	if form := regexp.MustCompile(`^on ~\S+ -@all( \+[a-z|]+)+$`); !form.MatchString(access.String()) {
		t.Errorf("%q is not", access.String())
	}
}
