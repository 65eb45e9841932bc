package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// component is a component directly below the stack.
type component struct {
	urn, name string
	// contents are the lines of its box.
	contents []string
	// after are the components whose outputs it uses, without those that another of them uses.
	after []*component
	// column is the length of the longest chain of components that are created before it.
	column int
}

// components are those of a stack.
type components struct{ all []*component }

// newComponents finds the components of the program's own types.
func newComponents(g *graph.Graph) components {
	var found components
	for i := range g.Resources {
		r := &g.Resources[i]
		if !r.Custom && strings.HasPrefix(r.Type, g.Project+":") {
			found.all = append(found.all, &component{urn: r.URN, name: strings.Split(r.Type, ":")[1]})
		}
	}
	members := found.members(g)
	found.fill(g, members)
	found.connect(g, members)
	// Within a column, long arrows start below short ones.
	slices.SortFunc(found.all, func(a, b *component) int {
		return cmp.Or(a.column-b.column, found.nearest(a)-found.nearest(b), strings.Compare(a.name, b.name))
	})
	return found
}

// nearest is the first column that uses an output of a component.
func (cs components) nearest(of *component) int {
	column := len(cs.all)
	for _, r := range cs.all {
		if slices.Contains(r.after, of) {
			column = min(column, r.column)
		}
	}
	return column
}

// members maps every resource to its component: the nearest one among its parents.
func (cs components) members(g *graph.Graph) map[string]*component {
	parents := map[string]string{}
	for _, r := range g.Resources {
		parents[r.URN] = r.Parent
	}
	members := map[string]*component{}
	for _, r := range g.Resources {
		for urn := r.URN; urn != "" && members[r.URN] == nil; urn = parents[urn] {
			for _, c := range cs.all {
				if c.urn == urn {
					members[r.URN] = c
				}
			}
		}
	}
	return members
}

func (cs components) fill(g *graph.Graph, members map[string]*component) {
	for _, row := range types.All() {
		if row.Label == (types.Label{}) {
			continue
		}
		counts := map[*component]int{}
		for _, r := range g.ByType(row.Token) {
			if c := members[r.URN]; c != nil {
				counts[c]++
			}
		}
		for c, n := range counts {
			switch {
			case row.Label.One == "":
				c.contents = append(c.contents, row.Label.Several)
			case n == 1:
				c.contents = append(c.contents, row.Label.One)
			default:
				c.contents = append(c.contents, fmt.Sprintf("%d %s", n, row.Label.Several))
			}
		}
	}
}

// connect finds whose outputs each component uses, and omits arrows that others imply.
func (cs components) connect(g *graph.Graph, members map[string]*component) {
	uses := map[*component]map[*component]bool{}
	for _, r := range g.Resources {
		to := members[r.URN]
		for _, urn := range r.Dependencies {
			from := members[urn]
			if to == nil || from == nil || from == to {
				continue
			}
			if uses[to] == nil {
				uses[to] = map[*component]bool{}
			}
			uses[to][from] = true
		}
	}
	for _, to := range cs.all {
		for _, from := range cs.all {
			if uses[to][from] && !throughAnother(uses, from, to) {
				to.after = append(to.after, from)
			}
		}
		to.column = depth(uses, to)
	}
}

// throughAnother reports whether another component that `to` uses depends on `from`.
func throughAnother(uses map[*component]map[*component]bool, from, to *component) bool {
	for between := range uses[to] {
		if between != from && reaches(uses, between, from) {
			return true
		}
	}
	return false
}

func reaches(uses map[*component]map[*component]bool, c, wanted *component) bool {
	for next := range uses[c] {
		if next == wanted || reaches(uses, next, wanted) {
			return true
		}
	}
	return false
}

// depth is the length of the longest chain of components before one. Dependencies have no cycles.
func depth(uses map[*component]map[*component]bool, c *component) int {
	longest := 0
	for next := range uses[c] {
		longest = max(longest, 1+depth(uses, next))
	}
	return longest
}
