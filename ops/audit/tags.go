package audit

import (
	"maps"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/didomi/serverless-api/ops/graph"
)

// required are the tags by which bills are split and owners are found.
var required = []string{"application", "environment", "purpose", "responsible"}

// tags wants every resource that can be tagged to carry the required ones, and the one by which IAM policies
// know what is the stack's, alone of its key in any case. The provider adds its default tags, so tagsAll is
// what AWS has; what has no tagsAll cannot be tagged.
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
			p.add(r, "register it under the stack's provider, and set no such tag: the pipeline's roles know by it what is theirs",
				"has not the tag %s with the value %s", stacktag.Key, owner)
		}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			if key != stacktag.Key && stacktag.Matches(key) {
				p.add(r, "take the tag off: IAM compares keys of tags without regard to case", "has the tag %s, which IAM takes for %s", key, stacktag.Key)
			}
		}
	}
	return p
}
