package review

import (
	"fmt"
	"io"
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// AcceptLabel is the merge request's label that accepts the loss of data.
const AcceptLabel = "accept-data-loss"

// Losses are the deletions and replacements of resources with data.
func Losses(g *graph.Graph) []*graph.Resource {
	return slices.DeleteFunc(Changes(g), func(r *graph.Resource) bool {
		return r.Op != "replace" && r.Op != "delete" || !types.Of(r.Type).HoldsData
	})
}

// RejectLosses reports whether a preview loses data, and writes what and how to go on.
func RejectLosses(w io.Writer, stacks []*graph.Graph) bool {
	lost := false
	for _, g := range stacks {
		for _, r := range Losses(g) {
			lost = true
			_, _ = fmt.Fprintf(w, "stack %s: %s would be %sd, and its data lost\n", g.Stack, r.Name, r.Op)
		}
	}
	if lost {
		_, _ = fmt.Fprintf(w, "change the code so that it stays, or back it up, set the label %q on the merge request, and run the pipeline again\n", AcceptLabel)
	}
	return lost
}
