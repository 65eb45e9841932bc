package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/ops/graph"
)

// required are the tags for cost allocation and ownership.
var required = []string{"application", "environment", "purpose", "responsible"}

// tags requires every resource that can be tagged to have the required tags and the stack tag, by which IAM
// policies recognize the stack's resources, and no tag whose key differs from that in case alone. tagsAll is what
// AWS has, with the provider's default tags; a type without tagsAll cannot be tagged.
func tags(g *graph.Graph) report {
	var p report
	owner := stacktag.Value(g.Project, g.Stack)
	for i := range g.Resources {
		r := &g.Resources[i]
		all, ok := r.Value("tagsAll").(map[string]any)
		if !ok {
			continue
		}
		var missing []string
		for _, tag := range required {
			if value, _ := all[tag].(string); value == "" {
				missing = append(missing, tag)
			}
		}
		if len(missing) > 0 {
			p.add(r, "register it under the stack's provider, whose default tags it then carries", "has no tag %s", strings.Join(missing, ", "))
		}
		if all[stacktag.Key] != owner {
			p.add(r, "register it under the stack's provider, and set no such tag: the pipeline's roles recognize their resources by it",
				"lacks the tag %s with the value %s", stacktag.Key, owner)
		}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if key != stacktag.Key && stacktag.Matches(key) {
				p.add(r, "remove the tag: IAM compares tag keys without regard to case", "has the tag %s, which IAM reads as %s", key, stacktag.Key)
			}
		}
	}
	return p
}
