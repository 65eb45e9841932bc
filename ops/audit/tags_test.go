package audit

import "testing"

func TestTags(t *testing.T) {
	check(t, "tags", map[string]example{
		"one that is missing and one that is empty": {func(s stack) {
			s.set(bucketType, "", "tagsAll", map[string]any{"application": "didomi", "environment": "prod", "purpose": ""})
		}, []string{"data-files: has no tag purpose, responsible"}},
		"none at all": {func(s stack) { s.set(vpcType, "", "tagsAll", map[string]any{}) }, []string{
			"network-vpc: has no tag application, environment, purpose, responsible",
		}},
		"what cannot be tagged": {func(s stack) { s.add("aws:iam/group:Group", "didomi-prod-group", map[string]any{}) }, nil},
	})
}
