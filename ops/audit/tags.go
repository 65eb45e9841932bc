package audit

import (
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// required are the tags by which bills are split and owners are found.
var required = []string{"application", "environment", "purpose", "responsible"}

// tags wants every resource that can be tagged to carry the required ones. The provider adds its
// default tags, so tagsAll is what AWS has; what has no tagsAll cannot be tagged.
func tags(g *graph.Graph) report {
	var p report
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
	}
	return p
}
