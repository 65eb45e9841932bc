package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestEveryTaggableResourceHasTheRequiredTags(t *testing.T) {
	check(t, "tags", map[string]example{
		"one that is missing and one that is empty": {func(s stack) {
			s.set(types.Bucket, "", "tagsAll", map[string]any{
				"application": "didomi", "environment": "prod", "purpose": "", "serverless-api:stack": "didomi/prod",
			})
		}, []string{"data-files: has no tag purpose, responsible"}},
		"none at all": {func(s stack) { s.set(types.VPC, "", "tagsAll", map[string]any{}) }, []string{
			"network-vpc: has no tag application, environment, purpose, responsible",
			"network-vpc: lacks the tag serverless-api:stack with the value didomi/prod",
		}},
		"the tag of another stack, and one that differs from it in case alone": {func(s stack) {
			all := s.one(types.VPC, "").Inputs["tagsAll"].(map[string]any)
			all["serverless-api:stack"], all["Serverless-API:Stack"] = "didomi/dev", "didomi/prod"
		}, []string{
			"network-vpc: lacks the tag serverless-api:stack with the value didomi/prod",
			"network-vpc: has the tag Serverless-API:Stack, which IAM reads as serverless-api:stack",
		}},
		"what cannot be tagged": {func(s stack) { s.add("aws:iam/group:Group", "didomi-prod-group", map[string]any{}) }, nil},
	})
}
