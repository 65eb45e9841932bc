package restapi

import (
	"errors"
	"fmt"
	"strings"
)

// node is a segment in the tree of a document's paths.
type node struct {
	literal  map[string]*node
	param    *node // {name}
	greedy   *node // {name+}
	name     string
	resource *resource
}

// add adds a resource at its path.
func (n *node) add(r *resource) error {
	if !strings.HasPrefix(r.path, "/") {
		return errors.New("does not begin with a slash")
	}
	segments := segmentsOf(r.path)
	for i, segment := range segments {
		next, err := n.child(segment, i == len(segments)-1)
		if err != nil {
			return err
		}
		n = next
	}
	n.resource = r
	return nil
}

// child returns the node of a segment of a document's path, which it creates if missing.
func (n *node) child(segment string, last bool) (*node, error) {
	name, isParam := strings.CutPrefix(segment, "{")
	if !isParam {
		if n.literal == nil {
			n.literal = map[string]*node{}
		}
		if n.literal[segment] == nil {
			n.literal[segment] = &node{}
		}
		return n.literal[segment], nil
	}
	name, closed := strings.CutSuffix(name, "}")
	name, greedy := strings.CutSuffix(name, "+")
	if !closed || name == "" || strings.ContainsAny(name, "{}+") {
		return nil, fmt.Errorf("%s is no parameter: want {name} or {name+}", segment)
	}
	slot := &n.param
	if greedy {
		slot = &n.greedy
		if !last {
			return nil, fmt.Errorf("%s must be the last segment", segment)
		}
	}
	if *slot == nil {
		*slot = &node{name: name}
	}
	if (*slot).name != name {
		return nil, fmt.Errorf("%s: its sibling is called %s", segment, (*slot).name)
	}
	return *slot, nil
}

// match finds the resource of a raw path. A literal segment has precedence over a parameter, and a parameter over a
// greedy one, with backtracking. Trailing slashes are ignored and are in no parameter. Values stay percent-encoded, as
// in events recorded on AWS (TestPathsOfTheEvent).
func (d *document) match(path string) (*resource, map[string]string) {
	params := map[string]string{}
	if r := d.root.match(segmentsOf(strings.TrimRight(path, "/")), params); r != nil {
		return r, params
	}
	return nil, nil
}

func (n *node) match(segments []string, params map[string]string) *resource {
	if len(segments) == 0 {
		return n.resource
	}
	if next := n.literal[segments[0]]; next != nil {
		if r := next.match(segments[1:], params); r != nil {
			return r
		}
	}
	if n.param != nil && segments[0] != "" {
		if r := n.param.match(segments[1:], params); r != nil {
			params[n.param.name] = segments[0]
			return r
		}
	}
	if n.greedy != nil {
		params[n.greedy.name] = strings.Join(segments, "/")
		return n.greedy.resource
	}
	return nil
}

// segmentsOf splits "/a/b" into "a" and "b"; the root has no segments.
func segmentsOf(path string) []string {
	path = strings.TrimPrefix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}
