package review

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// Undone is the drift that the update would undo and that only a preview with a refresh shows: resources that no
// longer exist in the account, and properties that the program does not change. A property that the program changes
// was in the review, whatever its value in the account. Resources whose drift equals the program are omitted, as are
// those whose last update failed, which this update repeats.
func Undone(g *graph.Graph) []graph.Drift {
	var undone []graph.Drift
	for _, d := range g.Drifts {
		r := g.Find(d.URN)
		if !d.Gone {
			if d.Unfinished || r == nil || r.Op == "same" {
				continue
			}
			d.Paths = slices.DeleteFunc(slices.Clone(d.Paths), func(path string) bool {
				return !reflect.DeepEqual(graph.At(d.Stored, path), graph.At(r.Inputs, path))
			})
			if len(d.Paths) == 0 {
				continue
			}
		}
		undone = append(undone, d)
	}
	slices.SortFunc(undone, func(a, b graph.Drift) int { return cmp.Compare(a.URN, b.URN) })
	return undone
}

// Unfinished are the drifts of resources whose last update failed.
func Unfinished(g *graph.Graph) []graph.Drift {
	return slices.DeleteFunc(slices.Clone(g.Drifts), func(d graph.Drift) bool {
		r := g.Find(d.URN)
		return !d.Unfinished || r == nil || r.Op == "same"
	})
}

// Describe returns a drift on one line.
func Describe(d graph.Drift) string {
	name := d.URN[strings.LastIndex(d.URN, "::")+2:]
	if d.Gone {
		return name + ": no longer exists"
	}
	return fmt.Sprintf("%s: %s", name, strings.Join(d.Paths, ", "))
}
