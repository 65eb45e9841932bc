package diagram

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// room is a component right below the stack.
type room struct {
	urn, name string
	// parts say what is in it.
	parts []string
	// after are the rooms whose outputs it takes, those left out that another of them takes.
	after []*room
	// column is how many rooms are built before it, one after the other.
	column int
}

// rooms are the components of a stack.
type rooms struct{ all []*room }

// newRooms finds the rooms: components of the program's own types below the stack.
func newRooms(g *graph.Graph) rooms {
	var found rooms
	for i := range g.Resources {
		r := &g.Resources[i]
		if !r.Custom && strings.HasPrefix(r.Type, g.Project+":") {
			found.all = append(found.all, &room{urn: r.URN, name: strings.Split(r.Type, ":")[1]})
		}
	}
	members := found.members(g)
	found.fill(g, members)
	found.connect(g, members)
	// Within a column, arrows that go far start below those that go near.
	slices.SortFunc(found.all, func(a, b *room) int {
		return cmp.Or(a.column-b.column, found.nearest(a)-found.nearest(b), strings.Compare(a.name, b.name))
	})
	return found
}

// nearest is the first column that takes something of a room.
func (rs rooms) nearest(of *room) int {
	column := len(rs.all)
	for _, r := range rs.all {
		if slices.Contains(r.after, of) {
			column = min(column, r.column)
		}
	}
	return column
}

// members tell the room of every resource: the nearest one among its parents.
func (rs rooms) members(g *graph.Graph) map[string]*room {
	parents := map[string]string{}
	for _, r := range g.Resources {
		parents[r.URN] = r.Parent
	}
	members := map[string]*room{}
	for _, r := range g.Resources {
		for urn := r.URN; urn != "" && members[r.URN] == nil; urn = parents[urn] {
			for _, room := range rs.all {
				if room.urn == urn {
					members[r.URN] = room
				}
			}
		}
	}
	return members
}

func (rs rooms) fill(g *graph.Graph, members map[string]*room) {
	for _, row := range types.All() {
		if row.Label == (types.Label{}) {
			continue
		}
		counts := map[*room]int{}
		for _, r := range g.ByType(row.Token) {
			if room := members[r.URN]; room != nil {
				counts[room]++
			}
		}
		for room, n := range counts {
			switch {
			case row.Label.One == "":
				room.parts = append(room.parts, row.Label.Several)
			case n == 1:
				room.parts = append(room.parts, row.Label.One)
			default:
				room.parts = append(room.parts, fmt.Sprintf("%d %s", n, row.Label.Several))
			}
		}
	}
}

// connect finds what each room takes of others, and keeps the arrows that say something new.
func (rs rooms) connect(g *graph.Graph, members map[string]*room) {
	takes := map[*room]map[*room]bool{}
	for _, r := range g.Resources {
		to := members[r.URN]
		for _, urn := range r.Dependencies {
			from := members[urn]
			if to == nil || from == nil || from == to {
				continue
			}
			if takes[to] == nil {
				takes[to] = map[*room]bool{}
			}
			takes[to][from] = true
		}
	}
	for _, to := range rs.all {
		for _, from := range rs.all {
			if takes[to][from] && !throughAnother(takes, from, to) {
				to.after = append(to.after, from)
			}
		}
		to.column = depth(takes, to)
	}
}

// throughAnother says whether one of the rooms that `to` takes of takes of `from` itself.
func throughAnother(takes map[*room]map[*room]bool, from, to *room) bool {
	for between := range takes[to] {
		if between != from && reaches(takes, between, from) {
			return true
		}
	}
	return false
}

func reaches(takes map[*room]map[*room]bool, room, wanted *room) bool {
	for next := range takes[room] {
		if next == wanted || reaches(takes, next, wanted) {
			return true
		}
	}
	return false
}

// depth is the length of the longest chain of rooms before one. Dependencies have no cycles.
func depth(takes map[*room]map[*room]bool, room *room) int {
	longest := 0
	for next := range takes[room] {
		longest = max(longest, 1+depth(takes, next))
	}
	return longest
}
